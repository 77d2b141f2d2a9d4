"""Words that would become code where a page is careless with them. Each calls alert() when it comes alive."""

# ruff: noqa: E501

from __future__ import annotations

TEMPLATE = "1337"  # 7 * 191: nowhere on a page, unless somebody has worked it out

WORDS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</pre></code></textarea></title></style></noscript><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<IMG SRC=x OnErRoR=alert(1)//",
    "\"><img src=x onerror=alert(1)>",
    "'><img src=x onerror=alert(1)>",
    "\" autofocus onfocus=alert(1) x=\"",
    "' onmouseover='alert(1)' x='",
    "x onfocus=alert(1) autofocus tabindex=1",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=20>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math href='javascript:alert(1)'>x</math>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe src='javascript:parent.alert(1)'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src='javascript:alert(1)'>",
    "<form action='javascript:alert(1)'><button>x</button></form>",
    "<button formaction='javascript:alert(1)'>x</button>",
    "<a href='javascript:alert(1)'>x</a>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<input type=image src=x onerror=alert(1)>",
    "<template><img src=x onerror=alert(1)></template>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[><img src=x onerror=alert(1)>]]>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "{{7*191}}",
    "${7*191} #{7*191} <%= 7*191 %> {{constructor.constructor('alert(1)')()}}",
    "{% for x in [7*191] %}{{ x }}{% endfor %}",
    "';alert(1)//\";alert(1)//`;alert(1)//--></script>",
    "\u2028alert(1)\u2029//",
    "\u202e>)1(trela=rorreno x=crs gmi<",
    "\x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert(1) )//%0D%0A//</stYle/</titLe/</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd=alert(1)//>\\x3e",
]  # fmt: skip
# Where a login leads: only on to pages of ours.
ELSEWHERE = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
    "https:evil.example", "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "/\t/evil.example",
    "/\n/evil.example", "/%09/evil.example", "/%2f/evil.example", "/.//evil.example", "@evil.example",
    "/@evil.example", "/login/..//evil.example", " //evil.example", "/\r\nSet-Cookie: x=1", "http:///evil.example",
]  # fmt: skip
