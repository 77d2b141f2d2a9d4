"""The names in a file of Lua: which it defines for others, and which it takes from others."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"--[^\n]*|\s+|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[A-Za-z_]\w*|\d[\w.]*|\.{1,3}|[=~<>]=|.)"
)
_AFTER_VALUE = {"+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", ">", "<=", ">=", "and", "or"}
_BEFORE_VALUE = {"-", "#", "not"}
_END = {"end", "else", "elseif", "until", ""}


class Names:
    """``defined``: what stands local at the top; ``free``: what is used and is not local there."""

    def __init__(self, source: str) -> None:
        self._tokens = [found for found in _TOKEN.findall(source) if found] + [""]
        self._at = 0
        self._scopes: list[set[str]] = [set()]
        self.free: set[str] = set()
        self._block()
        assert self._next == "", f"no Lua that this reads: {self._tokens[self._at : self._at + 9]}"
        self.defined = self._scopes[0]

    @property
    def _next(self) -> str:
        return self._tokens[self._at]

    def _take(self, *wanted: str) -> str:
        assert not wanted or self._next in wanted, f"{wanted}, not {self._tokens[self._at : self._at + 9]}"
        self._at += 1
        return self._tokens[self._at - 1]

    def _took(self, *wanted: str) -> bool:
        self._at += (took := self._next in wanted)
        return took

    def _use(self, name: str) -> None:
        if not any(name in scope for scope in self._scopes):
            self.free.add(name)

    def _block(self) -> None:
        while self._next not in _END:
            self._statement()
            self._took(";")

    def _inner(self, names: list[str]) -> None:
        self._scopes.append(set(names))
        self._block()
        self._scopes.pop()

    def _statement(self) -> None:
        match self._next:
            case "local":
                self._local()
            case "function":
                self._take()
                self._use(self._take())
                while self._took(".", ":"):
                    self._take()
                self._function()
            case "if":
                self._if()
            case "while":
                self._take()
                self._value()
                self._take("do")
                self._inner([])
                self._take("end")
            case "for":
                self._for()
            case "do":
                self._take()
                self._inner([])
                self._take("end")
            case "return":
                self._take()
                if self._next not in _END | {";"}:
                    self._values()
            case "break":
                self._take()
            case _:
                self._values()
                if self._took("="):
                    self._values()

    def _local(self) -> None:
        self._take("local")
        if self._took("function"):
            self._scopes[-1].add(self._take())
            self._function()
            return
        names = self._name_list()
        if self._took("="):
            self._values()
        self._scopes[-1].update(names)

    def _if(self) -> None:
        while self._took("if", "elseif"):
            self._value()
            self._take("then")
            self._inner([])
        if self._took("else"):
            self._inner([])
        self._take("end")

    def _for(self) -> None:
        self._take("for")
        names = self._name_list()
        self._take("=", "in")
        self._values()
        self._take("do")
        self._inner(names)
        self._take("end")

    def _name_list(self) -> list[str]:
        names = [self._take()]
        while self._took(","):
            names.append(self._take())
        return names

    def _function(self) -> None:
        self._take("(")
        names = [] if self._next == ")" else self._name_list()
        self._take(")")
        self._inner(names)
        self._take("end")

    def _values(self) -> None:
        self._value()
        while self._took(","):
            self._value()

    def _value(self) -> None:
        while self._took(*_BEFORE_VALUE):
            pass
        self._primary()
        if self._took(*_AFTER_VALUE):
            self._value()

    def _primary(self) -> None:
        token = self._take()
        if token == "function":
            self._function()
        elif token == "{":
            self._table()
        elif token == "(":
            self._value()
            self._take(")")
        elif re.match(r"[A-Za-z_]", token) and token not in ("nil", "true", "false"):
            self._use(token)
        while self._next in (".", ":", "[", "(", "{"):
            self._suffix(self._take())

    def _suffix(self, token: str) -> None:
        if token in (".", ":"):
            self._take()
        elif token == "[":
            self._value()
            self._take("]")
        elif token == "{":
            self._table()
        elif not self._took(")"):
            self._values()
            self._take(")")

    def _table(self) -> None:
        while not self._took("}"):
            if self._took("["):
                self._value()
                self._take("]")
                self._take("=")
            elif self._tokens[self._at + 1] == "=":
                self._take()
                self._take("=")
            self._value()
            self._took(",", ";")
