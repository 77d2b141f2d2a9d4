# Completion of gopher for bash. Made by: gopher completion bash
_gopher() {
  local IFS=$' \t\n' at=gopher words="" flags="" asks="" head="" n=-1 i cur prev typed word
  local -a line=()
  # Bash splits words at ":" and "=". Here they are whole again, as they were typed.
  local rest=${COMP_LINE:0:COMP_POINT}
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then
      rest=${rest#"${rest%%[![:space:]]*}"}
      line[++n]=""
    fi
    if ((i == COMP_CWORD)); then
      line[n]+=$rest
    else
      line[n]+=${COMP_WORDS[i]} rest=${rest#"${COMP_WORDS[i]}"}
    fi
  done
  typed=${line[n]} cur=${line[n]} prev=${line[n - 1]}
  if [[ $cur == --*=* ]]; then
    prev=${cur%%=*} head=${cur%%=*}= cur=${cur#*=}
  fi
  cur=${cur#[\"\']}
  for ((i = 1; i < n; i++)); do
    case "$at ${line[i]}" in
    "gopher submit" | "gopher types" | "gopher stats" | "gopher inspect" | "gopher jobs" | "gopher jobs ls" | "gopher list-failed" | "gopher events" | "gopher workers" | "gopher workers ls" | "gopher workers quiet" | "gopher workers resume" | "gopher workers stop" | "gopher health" | "gopher doctor" | "gopher retry" | "gopher retry-all" | "gopher requeue-dlq" | "gopher cancel" | "gopher reschedule" | "gopher purge" | "gopher queue" | "gopher queue ls" | "gopher queue pause" | "gopher queue resume" | "gopher queue rm" | "gopher worker" | "gopher serve" | "gopher up" | "gopher demo" | "gopher embedded" | "gopher embedded status" | "gopher embedded start" | "gopher embedded stop" | "gopher keys" | "gopher keys create" | "gopher keys ls" | "gopher keys revoke" | "gopher keys sign-out-all" | "gopher config" | "gopher config show" | "gopher config path" | "gopher completion" | "gopher help" | "gopher man") at="$at ${line[i]}" ;;
    esac
  done
  case "$at" in
    "gopher") words="submit types stats inspect jobs list-failed events workers health doctor retry retry-all requeue-dlq cancel reschedule purge queue worker serve up demo embedded keys config completion help man" flags="" asks="" ;;
    "gopher submit") words="" flags="--type --payload --queue --priority --tag --header --in --at --after --retries --timeout --backoff --app --id --unique --unique-for --if-exists --batch --lines --batch-id --durability --wait --wait-timeout --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher types") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="types" ;;
    "gopher stats") words="" flags="--queue --watch --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher inspect") words="" flags="--queue --wait --wait-timeout --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="ids" ;;
    "gopher jobs") words="ls" flags="" asks="" ;;
    "gopher jobs ls") words="" flags="--state --type --tag --queue --older-than --error --group --search --limit --oldest --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher list-failed") words="" flags="--type --tag --queue --older-than --error --group --search --limit --groups --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher events") words="" flags="--follow --queue --job --type --state --since --limit --audit --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher workers") words="ls quiet resume stop" flags="" asks="" ;;
    "gopher workers ls") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher workers quiet") words="" flags="--all --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher workers resume") words="" flags="--all --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher workers stop") words="" flags="--all --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher health") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher doctor") words="" flags="--queue --data --fix --yes --dry-run --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher retry") words="" flags="--id --queue --yes --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="ids" ;;
    "gopher retry-all") words="" flags="--state --type --queue --tag --error --group --older-than --search --limit --yes --dry-run --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher requeue-dlq") words="" flags="--type --queue --tag --error --group --older-than --search --limit --rate --to-queue --yes --dry-run --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="ids" ;;
    "gopher cancel") words="" flags="--queue --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="ids" ;;
    "gopher reschedule") words="" flags="--queue --in --at --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="ids" ;;
    "gopher purge") words="" flags="--state --type --queue --tag --error --group --older-than --search --limit --yes --dry-run --force --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher queue") words="ls pause resume rm" flags="" asks="" ;;
    "gopher queue ls") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher queue pause") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="queues" ;;
    "gopher queue resume") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="queues" ;;
    "gopher queue rm") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="queues" ;;
    "gopher worker") words="" flags="--queue --app --exec --builtin --concurrency --processes --priority-ratio --poll-interval --burst --max-jobs --max-rss --grace --log-level --log-format --name --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher serve") words="" flags="--host --port --log-format --log-level --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher up") words="" flags="--host --port --concurrency --processes --queue --app --exec --builtin --log-format --log-level --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher demo") words="" flags="--dir --keep --clean --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher embedded") words="status start stop" flags="" asks="" ;;
    "gopher embedded status") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher embedded start") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher embedded stop") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher keys") words="create ls revoke sign-out-all" flags="" asks="" ;;
    "gopher keys create") words="" flags="--role --scope --expires --rate --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher keys ls") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher keys revoke") words="" flags="--yes --dry-run --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher keys sign-out-all") words="" flags="--yes --dry-run --output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher config") words="show path" flags="" asks="" ;;
    "gopher config show") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher config path") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher completion") words="bash zsh fish" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher help") words="submit types stats inspect jobs list-failed events workers health doctor retry retry-all requeue-dlq cancel reschedule purge queue worker serve up demo embedded keys config completion help man exit-codes formatting environment" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
    "gopher man") words="" flags="--output --json --no-header --quiet --redis-url --api --key --profile --color --debug --help" asks="" ;;
  esac
  case "$at $prev" in
    "gopher submit --type" | "gopher submit -t") words="" flags="" asks="types" ;;
    "gopher submit --payload" | "gopher submit -p") words="" flags="" asks="" ;;
    "gopher submit --queue" | "gopher submit -Q") words="" flags="" asks="queues" ;;
    "gopher submit --priority") words="high normal low" flags="" asks="" ;;
    "gopher submit --tag") words="" flags="" asks="" ;;
    "gopher submit --header") words="" flags="" asks="" ;;
    "gopher submit --in") words="" flags="" asks="" ;;
    "gopher submit --at") words="" flags="" asks="" ;;
    "gopher submit --after") words="" flags="" asks="ids" ;;
    "gopher submit --retries" | "gopher submit -r") words="" flags="" asks="" ;;
    "gopher submit --timeout") words="" flags="" asks="" ;;
    "gopher submit --backoff") words="exp:5s poly:2 fixed:10s" flags="" asks="" ;;
    "gopher submit --app") words="" flags="" asks="" ;;
    "gopher submit --id") words="" flags="" asks="" ;;
    "gopher submit --unique") words="" flags="" asks="" ;;
    "gopher submit --unique-for") words="" flags="" asks="" ;;
    "gopher submit --if-exists") words="ok fail" flags="" asks="" ;;
    "gopher submit --batch") compopt -o default; COMPREPLY=(); return ;;
    "gopher submit --lines") words="job payload csv" flags="" asks="" ;;
    "gopher submit --batch-id") words="" flags="" asks="" ;;
    "gopher submit --durability") words="" flags="" asks="" ;;
    "gopher submit --wait-timeout") words="" flags="" asks="" ;;
    "gopher submit --output" | "gopher submit -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher submit --redis-url") words="" flags="" asks="" ;;
    "gopher submit --api") words="" flags="" asks="" ;;
    "gopher submit --key") words="" flags="" asks="" ;;
    "gopher submit --profile") words="" flags="" asks="" ;;
    "gopher submit --color") words="auto always never" flags="" asks="" ;;
    "gopher types --output" | "gopher types -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher types --redis-url") words="" flags="" asks="" ;;
    "gopher types --api") words="" flags="" asks="" ;;
    "gopher types --key") words="" flags="" asks="" ;;
    "gopher types --profile") words="" flags="" asks="" ;;
    "gopher types --color") words="auto always never" flags="" asks="" ;;
    "gopher stats --queue" | "gopher stats -Q") words="" flags="" asks="queues" ;;
    "gopher stats --output" | "gopher stats -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher stats --redis-url") words="" flags="" asks="" ;;
    "gopher stats --api") words="" flags="" asks="" ;;
    "gopher stats --key") words="" flags="" asks="" ;;
    "gopher stats --profile") words="" flags="" asks="" ;;
    "gopher stats --color") words="auto always never" flags="" asks="" ;;
    "gopher inspect --queue" | "gopher inspect -Q") words="" flags="" asks="queues" ;;
    "gopher inspect --wait-timeout") words="" flags="" asks="" ;;
    "gopher inspect --output" | "gopher inspect -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher inspect --redis-url") words="" flags="" asks="" ;;
    "gopher inspect --api") words="" flags="" asks="" ;;
    "gopher inspect --key") words="" flags="" asks="" ;;
    "gopher inspect --profile") words="" flags="" asks="" ;;
    "gopher inspect --color") words="auto always never" flags="" asks="" ;;
    "gopher jobs ls --state" | "gopher jobs ls -s") words="enqueued scheduled blocked processing retrying completed failed cancelled all" flags="" asks="" ;;
    "gopher jobs ls --type" | "gopher jobs ls -t") words="" flags="" asks="types" ;;
    "gopher jobs ls --tag") words="" flags="" asks="" ;;
    "gopher jobs ls --queue" | "gopher jobs ls -Q") words="" flags="" asks="queues" ;;
    "gopher jobs ls --older-than") words="" flags="" asks="" ;;
    "gopher jobs ls --error") words="" flags="" asks="" ;;
    "gopher jobs ls --group") words="" flags="" asks="" ;;
    "gopher jobs ls --search") words="" flags="" asks="" ;;
    "gopher jobs ls --limit" | "gopher jobs ls -n") words="" flags="" asks="" ;;
    "gopher jobs ls --output" | "gopher jobs ls -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher jobs ls --redis-url") words="" flags="" asks="" ;;
    "gopher jobs ls --api") words="" flags="" asks="" ;;
    "gopher jobs ls --key") words="" flags="" asks="" ;;
    "gopher jobs ls --profile") words="" flags="" asks="" ;;
    "gopher jobs ls --color") words="auto always never" flags="" asks="" ;;
    "gopher list-failed --type" | "gopher list-failed -t") words="" flags="" asks="types" ;;
    "gopher list-failed --tag") words="" flags="" asks="" ;;
    "gopher list-failed --queue" | "gopher list-failed -Q") words="" flags="" asks="queues" ;;
    "gopher list-failed --older-than") words="" flags="" asks="" ;;
    "gopher list-failed --error") words="" flags="" asks="" ;;
    "gopher list-failed --group") words="" flags="" asks="" ;;
    "gopher list-failed --search") words="" flags="" asks="" ;;
    "gopher list-failed --limit" | "gopher list-failed -n") words="" flags="" asks="" ;;
    "gopher list-failed --output" | "gopher list-failed -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher list-failed --redis-url") words="" flags="" asks="" ;;
    "gopher list-failed --api") words="" flags="" asks="" ;;
    "gopher list-failed --key") words="" flags="" asks="" ;;
    "gopher list-failed --profile") words="" flags="" asks="" ;;
    "gopher list-failed --color") words="auto always never" flags="" asks="" ;;
    "gopher events --queue" | "gopher events -Q") words="" flags="" asks="queues" ;;
    "gopher events --job" | "gopher events -i") words="" flags="" asks="" ;;
    "gopher events --type" | "gopher events -t") words="" flags="" asks="types" ;;
    "gopher events --state" | "gopher events -s") words="enqueued scheduled blocked processing retrying completed failed cancelled all" flags="" asks="" ;;
    "gopher events --since") words="" flags="" asks="" ;;
    "gopher events --limit" | "gopher events -n") words="" flags="" asks="" ;;
    "gopher events --output" | "gopher events -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher events --redis-url") words="" flags="" asks="" ;;
    "gopher events --api") words="" flags="" asks="" ;;
    "gopher events --key") words="" flags="" asks="" ;;
    "gopher events --profile") words="" flags="" asks="" ;;
    "gopher events --color") words="auto always never" flags="" asks="" ;;
    "gopher workers ls --output" | "gopher workers ls -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher workers ls --redis-url") words="" flags="" asks="" ;;
    "gopher workers ls --api") words="" flags="" asks="" ;;
    "gopher workers ls --key") words="" flags="" asks="" ;;
    "gopher workers ls --profile") words="" flags="" asks="" ;;
    "gopher workers ls --color") words="auto always never" flags="" asks="" ;;
    "gopher workers quiet --output" | "gopher workers quiet -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher workers quiet --redis-url") words="" flags="" asks="" ;;
    "gopher workers quiet --api") words="" flags="" asks="" ;;
    "gopher workers quiet --key") words="" flags="" asks="" ;;
    "gopher workers quiet --profile") words="" flags="" asks="" ;;
    "gopher workers quiet --color") words="auto always never" flags="" asks="" ;;
    "gopher workers resume --output" | "gopher workers resume -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher workers resume --redis-url") words="" flags="" asks="" ;;
    "gopher workers resume --api") words="" flags="" asks="" ;;
    "gopher workers resume --key") words="" flags="" asks="" ;;
    "gopher workers resume --profile") words="" flags="" asks="" ;;
    "gopher workers resume --color") words="auto always never" flags="" asks="" ;;
    "gopher workers stop --output" | "gopher workers stop -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher workers stop --redis-url") words="" flags="" asks="" ;;
    "gopher workers stop --api") words="" flags="" asks="" ;;
    "gopher workers stop --key") words="" flags="" asks="" ;;
    "gopher workers stop --profile") words="" flags="" asks="" ;;
    "gopher workers stop --color") words="auto always never" flags="" asks="" ;;
    "gopher health --output" | "gopher health -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher health --redis-url") words="" flags="" asks="" ;;
    "gopher health --api") words="" flags="" asks="" ;;
    "gopher health --key") words="" flags="" asks="" ;;
    "gopher health --profile") words="" flags="" asks="" ;;
    "gopher health --color") words="auto always never" flags="" asks="" ;;
    "gopher doctor --queue" | "gopher doctor -Q") words="" flags="" asks="queues" ;;
    "gopher doctor --output" | "gopher doctor -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher doctor --redis-url") words="" flags="" asks="" ;;
    "gopher doctor --api") words="" flags="" asks="" ;;
    "gopher doctor --key") words="" flags="" asks="" ;;
    "gopher doctor --profile") words="" flags="" asks="" ;;
    "gopher doctor --color") words="auto always never" flags="" asks="" ;;
    "gopher retry --id" | "gopher retry -i") words="" flags="" asks="ids" ;;
    "gopher retry --queue" | "gopher retry -Q") words="" flags="" asks="queues" ;;
    "gopher retry --output" | "gopher retry -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher retry --redis-url") words="" flags="" asks="" ;;
    "gopher retry --api") words="" flags="" asks="" ;;
    "gopher retry --key") words="" flags="" asks="" ;;
    "gopher retry --profile") words="" flags="" asks="" ;;
    "gopher retry --color") words="auto always never" flags="" asks="" ;;
    "gopher retry-all --state" | "gopher retry-all -s") words="enqueued scheduled blocked processing retrying completed failed cancelled all" flags="" asks="" ;;
    "gopher retry-all --type" | "gopher retry-all -t") words="" flags="" asks="types" ;;
    "gopher retry-all --queue" | "gopher retry-all -Q") words="" flags="" asks="queues" ;;
    "gopher retry-all --tag") words="" flags="" asks="" ;;
    "gopher retry-all --error") words="" flags="" asks="" ;;
    "gopher retry-all --group") words="" flags="" asks="" ;;
    "gopher retry-all --older-than") words="" flags="" asks="" ;;
    "gopher retry-all --search") words="" flags="" asks="" ;;
    "gopher retry-all --limit" | "gopher retry-all -n") words="" flags="" asks="" ;;
    "gopher retry-all --output" | "gopher retry-all -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher retry-all --redis-url") words="" flags="" asks="" ;;
    "gopher retry-all --api") words="" flags="" asks="" ;;
    "gopher retry-all --key") words="" flags="" asks="" ;;
    "gopher retry-all --profile") words="" flags="" asks="" ;;
    "gopher retry-all --color") words="auto always never" flags="" asks="" ;;
    "gopher requeue-dlq --type" | "gopher requeue-dlq -t") words="" flags="" asks="types" ;;
    "gopher requeue-dlq --queue" | "gopher requeue-dlq -Q") words="" flags="" asks="queues" ;;
    "gopher requeue-dlq --tag") words="" flags="" asks="" ;;
    "gopher requeue-dlq --error") words="" flags="" asks="" ;;
    "gopher requeue-dlq --group") words="" flags="" asks="" ;;
    "gopher requeue-dlq --older-than") words="" flags="" asks="" ;;
    "gopher requeue-dlq --search") words="" flags="" asks="" ;;
    "gopher requeue-dlq --limit" | "gopher requeue-dlq -n") words="" flags="" asks="" ;;
    "gopher requeue-dlq --rate") words="" flags="" asks="" ;;
    "gopher requeue-dlq --to-queue") words="" flags="" asks="queues" ;;
    "gopher requeue-dlq --output" | "gopher requeue-dlq -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher requeue-dlq --redis-url") words="" flags="" asks="" ;;
    "gopher requeue-dlq --api") words="" flags="" asks="" ;;
    "gopher requeue-dlq --key") words="" flags="" asks="" ;;
    "gopher requeue-dlq --profile") words="" flags="" asks="" ;;
    "gopher requeue-dlq --color") words="auto always never" flags="" asks="" ;;
    "gopher cancel --queue" | "gopher cancel -Q") words="" flags="" asks="queues" ;;
    "gopher cancel --output" | "gopher cancel -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher cancel --redis-url") words="" flags="" asks="" ;;
    "gopher cancel --api") words="" flags="" asks="" ;;
    "gopher cancel --key") words="" flags="" asks="" ;;
    "gopher cancel --profile") words="" flags="" asks="" ;;
    "gopher cancel --color") words="auto always never" flags="" asks="" ;;
    "gopher reschedule --queue" | "gopher reschedule -Q") words="" flags="" asks="queues" ;;
    "gopher reschedule --in") words="" flags="" asks="" ;;
    "gopher reschedule --at") words="" flags="" asks="" ;;
    "gopher reschedule --output" | "gopher reschedule -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher reschedule --redis-url") words="" flags="" asks="" ;;
    "gopher reschedule --api") words="" flags="" asks="" ;;
    "gopher reschedule --key") words="" flags="" asks="" ;;
    "gopher reschedule --profile") words="" flags="" asks="" ;;
    "gopher reschedule --color") words="auto always never" flags="" asks="" ;;
    "gopher purge --state" | "gopher purge -s") words="enqueued scheduled blocked processing retrying completed failed cancelled all" flags="" asks="" ;;
    "gopher purge --type" | "gopher purge -t") words="" flags="" asks="types" ;;
    "gopher purge --queue" | "gopher purge -Q") words="" flags="" asks="queues" ;;
    "gopher purge --tag") words="" flags="" asks="" ;;
    "gopher purge --error") words="" flags="" asks="" ;;
    "gopher purge --group") words="" flags="" asks="" ;;
    "gopher purge --older-than") words="" flags="" asks="" ;;
    "gopher purge --search") words="" flags="" asks="" ;;
    "gopher purge --limit" | "gopher purge -n") words="" flags="" asks="" ;;
    "gopher purge --output" | "gopher purge -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher purge --redis-url") words="" flags="" asks="" ;;
    "gopher purge --api") words="" flags="" asks="" ;;
    "gopher purge --key") words="" flags="" asks="" ;;
    "gopher purge --profile") words="" flags="" asks="" ;;
    "gopher purge --color") words="auto always never" flags="" asks="" ;;
    "gopher queue ls --output" | "gopher queue ls -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher queue ls --redis-url") words="" flags="" asks="" ;;
    "gopher queue ls --api") words="" flags="" asks="" ;;
    "gopher queue ls --key") words="" flags="" asks="" ;;
    "gopher queue ls --profile") words="" flags="" asks="" ;;
    "gopher queue ls --color") words="auto always never" flags="" asks="" ;;
    "gopher queue pause --output" | "gopher queue pause -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher queue pause --redis-url") words="" flags="" asks="" ;;
    "gopher queue pause --api") words="" flags="" asks="" ;;
    "gopher queue pause --key") words="" flags="" asks="" ;;
    "gopher queue pause --profile") words="" flags="" asks="" ;;
    "gopher queue pause --color") words="auto always never" flags="" asks="" ;;
    "gopher queue resume --output" | "gopher queue resume -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher queue resume --redis-url") words="" flags="" asks="" ;;
    "gopher queue resume --api") words="" flags="" asks="" ;;
    "gopher queue resume --key") words="" flags="" asks="" ;;
    "gopher queue resume --profile") words="" flags="" asks="" ;;
    "gopher queue resume --color") words="auto always never" flags="" asks="" ;;
    "gopher queue rm --output" | "gopher queue rm -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher queue rm --redis-url") words="" flags="" asks="" ;;
    "gopher queue rm --api") words="" flags="" asks="" ;;
    "gopher queue rm --key") words="" flags="" asks="" ;;
    "gopher queue rm --profile") words="" flags="" asks="" ;;
    "gopher queue rm --color") words="auto always never" flags="" asks="" ;;
    "gopher worker --queue" | "gopher worker -Q") words="" flags="" asks="queues" ;;
    "gopher worker --app") words="" flags="" asks="" ;;
    "gopher worker --exec") words="" flags="" asks="" ;;
    "gopher worker --concurrency" | "gopher worker -c") words="" flags="" asks="" ;;
    "gopher worker --processes") words="" flags="" asks="" ;;
    "gopher worker --priority-ratio") words="3:2:1 strict" flags="" asks="" ;;
    "gopher worker --poll-interval") words="" flags="" asks="" ;;
    "gopher worker --max-jobs") words="" flags="" asks="" ;;
    "gopher worker --max-rss") words="" flags="" asks="" ;;
    "gopher worker --grace") words="" flags="" asks="" ;;
    "gopher worker --log-level") words="debug info warning error" flags="" asks="" ;;
    "gopher worker --log-format") words="console json" flags="" asks="" ;;
    "gopher worker --name") words="" flags="" asks="" ;;
    "gopher worker --output" | "gopher worker -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher worker --redis-url") words="" flags="" asks="" ;;
    "gopher worker --api") words="" flags="" asks="" ;;
    "gopher worker --key") words="" flags="" asks="" ;;
    "gopher worker --profile") words="" flags="" asks="" ;;
    "gopher worker --color") words="auto always never" flags="" asks="" ;;
    "gopher serve --host") words="" flags="" asks="" ;;
    "gopher serve --port") words="" flags="" asks="" ;;
    "gopher serve --log-format") words="console json" flags="" asks="" ;;
    "gopher serve --log-level") words="debug info warning error" flags="" asks="" ;;
    "gopher serve --output" | "gopher serve -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher serve --redis-url") words="" flags="" asks="" ;;
    "gopher serve --api") words="" flags="" asks="" ;;
    "gopher serve --key") words="" flags="" asks="" ;;
    "gopher serve --profile") words="" flags="" asks="" ;;
    "gopher serve --color") words="auto always never" flags="" asks="" ;;
    "gopher up --host") words="" flags="" asks="" ;;
    "gopher up --port") words="" flags="" asks="" ;;
    "gopher up --concurrency" | "gopher up -c") words="" flags="" asks="" ;;
    "gopher up --processes") words="" flags="" asks="" ;;
    "gopher up --queue" | "gopher up -Q") words="" flags="" asks="queues" ;;
    "gopher up --app") words="" flags="" asks="" ;;
    "gopher up --exec") words="" flags="" asks="" ;;
    "gopher up --log-format") words="console json" flags="" asks="" ;;
    "gopher up --log-level") words="debug info warning error" flags="" asks="" ;;
    "gopher up --output" | "gopher up -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher up --redis-url") words="" flags="" asks="" ;;
    "gopher up --api") words="" flags="" asks="" ;;
    "gopher up --key") words="" flags="" asks="" ;;
    "gopher up --profile") words="" flags="" asks="" ;;
    "gopher up --color") words="auto always never" flags="" asks="" ;;
    "gopher demo --dir" | "gopher demo -d") words="" flags="" asks="" ;;
    "gopher demo --output" | "gopher demo -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher demo --redis-url") words="" flags="" asks="" ;;
    "gopher demo --api") words="" flags="" asks="" ;;
    "gopher demo --key") words="" flags="" asks="" ;;
    "gopher demo --profile") words="" flags="" asks="" ;;
    "gopher demo --color") words="auto always never" flags="" asks="" ;;
    "gopher embedded status --output" | "gopher embedded status -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher embedded status --redis-url") words="" flags="" asks="" ;;
    "gopher embedded status --api") words="" flags="" asks="" ;;
    "gopher embedded status --key") words="" flags="" asks="" ;;
    "gopher embedded status --profile") words="" flags="" asks="" ;;
    "gopher embedded status --color") words="auto always never" flags="" asks="" ;;
    "gopher embedded start --output" | "gopher embedded start -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher embedded start --redis-url") words="" flags="" asks="" ;;
    "gopher embedded start --api") words="" flags="" asks="" ;;
    "gopher embedded start --key") words="" flags="" asks="" ;;
    "gopher embedded start --profile") words="" flags="" asks="" ;;
    "gopher embedded start --color") words="auto always never" flags="" asks="" ;;
    "gopher embedded stop --output" | "gopher embedded stop -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher embedded stop --redis-url") words="" flags="" asks="" ;;
    "gopher embedded stop --api") words="" flags="" asks="" ;;
    "gopher embedded stop --key") words="" flags="" asks="" ;;
    "gopher embedded stop --profile") words="" flags="" asks="" ;;
    "gopher embedded stop --color") words="auto always never" flags="" asks="" ;;
    "gopher keys create --role") words="" flags="" asks="" ;;
    "gopher keys create --scope") words="" flags="" asks="" ;;
    "gopher keys create --expires") words="" flags="" asks="" ;;
    "gopher keys create --rate") words="" flags="" asks="" ;;
    "gopher keys create --output" | "gopher keys create -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher keys create --redis-url") words="" flags="" asks="" ;;
    "gopher keys create --api") words="" flags="" asks="" ;;
    "gopher keys create --key") words="" flags="" asks="" ;;
    "gopher keys create --profile") words="" flags="" asks="" ;;
    "gopher keys create --color") words="auto always never" flags="" asks="" ;;
    "gopher keys ls --output" | "gopher keys ls -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher keys ls --redis-url") words="" flags="" asks="" ;;
    "gopher keys ls --api") words="" flags="" asks="" ;;
    "gopher keys ls --key") words="" flags="" asks="" ;;
    "gopher keys ls --profile") words="" flags="" asks="" ;;
    "gopher keys ls --color") words="auto always never" flags="" asks="" ;;
    "gopher keys revoke --output" | "gopher keys revoke -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher keys revoke --redis-url") words="" flags="" asks="" ;;
    "gopher keys revoke --api") words="" flags="" asks="" ;;
    "gopher keys revoke --key") words="" flags="" asks="" ;;
    "gopher keys revoke --profile") words="" flags="" asks="" ;;
    "gopher keys revoke --color") words="auto always never" flags="" asks="" ;;
    "gopher keys sign-out-all --output" | "gopher keys sign-out-all -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher keys sign-out-all --redis-url") words="" flags="" asks="" ;;
    "gopher keys sign-out-all --api") words="" flags="" asks="" ;;
    "gopher keys sign-out-all --key") words="" flags="" asks="" ;;
    "gopher keys sign-out-all --profile") words="" flags="" asks="" ;;
    "gopher keys sign-out-all --color") words="auto always never" flags="" asks="" ;;
    "gopher config show --output" | "gopher config show -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher config show --redis-url") words="" flags="" asks="" ;;
    "gopher config show --api") words="" flags="" asks="" ;;
    "gopher config show --key") words="" flags="" asks="" ;;
    "gopher config show --profile") words="" flags="" asks="" ;;
    "gopher config show --color") words="auto always never" flags="" asks="" ;;
    "gopher config path --output" | "gopher config path -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher config path --redis-url") words="" flags="" asks="" ;;
    "gopher config path --api") words="" flags="" asks="" ;;
    "gopher config path --key") words="" flags="" asks="" ;;
    "gopher config path --profile") words="" flags="" asks="" ;;
    "gopher config path --color") words="auto always never" flags="" asks="" ;;
    "gopher completion --output" | "gopher completion -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher completion --redis-url") words="" flags="" asks="" ;;
    "gopher completion --api") words="" flags="" asks="" ;;
    "gopher completion --key") words="" flags="" asks="" ;;
    "gopher completion --profile") words="" flags="" asks="" ;;
    "gopher completion --color") words="auto always never" flags="" asks="" ;;
    "gopher help --output" | "gopher help -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher help --redis-url") words="" flags="" asks="" ;;
    "gopher help --api") words="" flags="" asks="" ;;
    "gopher help --key") words="" flags="" asks="" ;;
    "gopher help --profile") words="" flags="" asks="" ;;
    "gopher help --color") words="auto always never" flags="" asks="" ;;
    "gopher man --output" | "gopher man -o") words="table plain json ndjson csv id" flags="" asks="" ;;
    "gopher man --redis-url") words="" flags="" asks="" ;;
    "gopher man --api") words="" flags="" asks="" ;;
    "gopher man --key") words="" flags="" asks="" ;;
    "gopher man --profile") words="" flags="" asks="" ;;
    "gopher man --color") words="auto always never" flags="" asks="" ;;
  esac
  [[ $cur == -* ]] && words=$flags asks=""
  COMPREPLY=()
  for word in $words; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$head$word")
  done
  if [[ -n $asks ]]; then
    while read -r word; do
      COMPREPLY+=("$head$word")
    done < <(gopher __complete "$asks" "$cur" "${line[@]:1:n-1}" 2>/dev/null)
  fi
  # Readline replaces what stands behind the last word break; inside of a quote there is none.
  local breaks=${COMP_WORDBREAKS//[!:=]/} kept
  if [[ -n $breaks && $typed != [\"\']* ]]; then
    kept=${typed%"${typed##*[$breaks]}"}
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
  fi
}
complete -F _gopher gopher
