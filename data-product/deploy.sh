#!/usr/bin/env bash
# Deploys the data product: the whole stack, or its schemas alone, or nothing but the checks.
#
#   data-product/deploy.sh                    check the files, plan, and carry out exactly that plan
#   data-product/deploy.sh --schemas-only     the same for the Pinot schemas alone (new columns before their producers)
#   data-product/deploy.sh --validate-only    check the files and plan; change nothing
#
#   --stack NAME     the Pulumi stack (default: the selected one)
#   -- FLAGS…        handed to `pulumi preview` and `pulumi up`, e.g. -- --config-file /etc/payments/prod.yaml
#
# It deletes nothing, ever: a plan that would delete or replace anything is refused before anything changes
# (`pulumi up` by hand is the way to do that, on purpose). It stops at the first error and leaves what was made.
#
# Exit codes: 0 done · 2 wrong usage, or a tool is missing · 3 the product's files disagree, or one is wrong
#             4 the plan could not be made (settings, validation, guards) · 5 the plan would delete or replace
#             6 carrying the plan out failed; run it again to go on
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
project="$(dirname "$here")"
python="${PYTHON:-$project/.venv/bin/python}"

say() { printf '%s\n' "$*" >&2; }
fail() {
  local code="$1"
  shift
  say "deploy.sh: $*"
  exit "$code"
}

mode=full
flags=()
while (($#)); do
  case "$1" in
    --schemas-only) mode=schemas ;;
    --validate-only) mode=validate ;;
    --stack)
      (($# > 1)) || fail 2 "--stack needs the name of a stack"
      flags+=(--stack "$2")
      shift
      ;;
    -h | --help)
      sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    --)
      shift
      flags+=("$@")
      break
      ;;
    *) fail 2 "unknown argument: $1 (allowed: --schemas-only, --validate-only, --stack NAME, -- FLAGS…)" ;;
  esac
  shift
done
command -v pulumi >/dev/null || fail 2 "pulumi is not on PATH (make env shows how to get the local one)"
command -v "$python" >/dev/null || fail 2 "no Python at $python: run make tools, or set PYTHON"
cd "$project"

say "· checking the product's files"
"$python" -m product_model "$here" >&2 || fail 3 "the product's files disagree, or one is wrong (see above)"

targets=()
if [[ $mode == schemas ]]; then
  # The schemas, the tenants that they wait for, and the components that they stand in, without which none is made.
  targets=(--target '**pinot:Schema::**' --target '**pinot:Tenant::**' --target '**payments:*:*::*')
fi

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT # this scratch directory, and nothing else

say "· planning"
pulumi preview --non-interactive --json --save-plan "$scratch/plan.json" "${targets[@]}" "${flags[@]}" \
  >"$scratch/preview.json" || {
  "$python" - "$scratch/preview.json" >&2 <<'PYTHON' || true
import json, sys
for diagnostic in json.load(open(sys.argv[1], encoding="utf-8")).get("diagnostics", []):
    print(diagnostic.get("message", "").strip())
PYTHON
  fail 4 "the plan could not be made (see above); nothing was changed"
}
"$python" - "$scratch/preview.json" >&2 <<'PYTHON' || fail 5 "the plan deletes or replaces (see above); nothing was changed"
import json, sys
steps = json.load(open(sys.argv[1], encoding="utf-8"))["steps"]
for step in steps:
    if step["op"] != "same":
        print(f"  {step['op']:>8}  {step['urn'].rpartition('::')[2]}")
lost = [step["urn"] for step in steps if "delete" in step["op"] or "replace" in step["op"]]
for urn in lost:
    print(f"would be lost: {urn}")
sys.exit(1 if lost else 0)
PYTHON
if [[ $mode == validate ]]; then
  say "· valid; nothing was changed"
  exit 0
fi

say "· carrying out the plan"
pulumi up --non-interactive --yes --skip-preview --plan "$scratch/plan.json" "${targets[@]}" "${flags[@]}" \
  || fail 6 "the deployment stopped at an error (see above); what was made stays, run it again to go on"
say "· done"
