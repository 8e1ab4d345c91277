#!/usr/bin/env bash
# Measures Outcrop beside the floors of ../shared/bench in one run: CPU per request on one core, everything on loopback.
# Usage: bench/compare.sh [arguments of compare.py …], for example: bench/compare.sh --scenarios small-c16 --rounds 5
# The guard path, on a prompt of 2 KB: ONLY=floor-sdk,outcrop-plain,outcrop-guard bench/compare.sh --scenarios guard-2k-c1,guard-2k-c16
# An answer of 2 KB out of the cache: ONLY=floor-proxy,outcrop-hit-plain,outcrop-hit bench/compare.sh --scenarios hit-2k-c1,hit-2k-c16
set -euo pipefail
cd "$(dirname "$0")/.."
ruler=${OUTCROP_SHARED:-../shared}/bench
[ -d "$ruler" ] || { echo "the ruler ($ruler) is not here" >&2; exit 1; }
ruler=$(cd "$ruler" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
cp -r "$ruler" "$work/src" && chmod -R u+w "$work/src"
sed -i 's|^SCENARIOS = {|&\n    "hit-2k-c1": (["-c", "1"], {"size": "2048"}),\n    "hit-2k-c16": (["-c", "16"], {"size": "2048"}),\n    "guard-2k-c1": (["-payload", "'"$PWD"'/bench/guard-request.json", "-c", "1"], {}),\n    "guard-2k-c16": (["-payload", "'"$PWD"'/bench/guard-request.json", "-c", "16"], {}),|' "$work/src/compare.py"
for p in fakebedrock load floor-proxy floor-sdk floor-raw; do
  (cd "$work/src" && go build -trimpath -ldflags '-s -w' -o "$work/bin/$p" "./$p")
done
go build -trimpath -ldflags '-s -w' -o "$work/bin/outcrop" ./cmd/outcrop
key=a-key-for-benchmarks-only
limits='{requests_per_minute: 1000000000, tokens_per_minute: 1000000000000, concurrent: 100000}'
cat >"$work/guard.yaml" <<END
access:
  keys: [{name: bench, tenant: acme, hash: "sha256:$(printf %s "$key" | sha256sum | cut -d' ' -f1)", limits: $limits}]
limits: {tenants: {acme: $limits}}
security:
  pii_redaction: {enabled: true, action: tokenize}
  prompt_injection_scan: {enabled: true}
END
quiet='"OUTCROP_LOG_LEVEL=error",'
bare=$quiet'"OUTCROP_AUDIT_ENABLED=false",' # no records
peer() { # name, port, more environment, headers of its requests, more arguments
  echo '{"name":"'"$1"'","cmd":["/usr/bin/env",'"$3"'"AWS_REGION=us-east-1","AWS_ACCESS_KEY_ID=AKIDEXAMPLE","AWS_SECRET_ACCESS_KEY=SECRETEXAMPLE","AWS_ENDPOINT_URL=http://127.0.0.1:9000","'"$work"'/bin/outcrop","serve","--addr","127.0.0.1:'"$2"'"'"${5:-}"'],"url":"http://127.0.0.1:'"$2"'/v1/chat/completions","headers":['"${4:-}"']}'
}
{
  echo "[$(peer outcrop 8301 "$quiet"),"
  echo "$(peer outcrop-plain 8302 "$bare"),"
  echo "$(peer outcrop-logging 8303 ''),"
  echo "$(peer outcrop-hit 8304 "$quiet" '"x-outcrop-cache-ttl: 3600"'),"
  echo "$(peer outcrop-hit-plain 8305 "$bare" '"x-outcrop-cache-ttl: 3600"'),"
  echo "$(peer outcrop-guard 8306 "$bare" '"authorization: Bearer '$key'"' ',"--config","'"$work"'/guard.yaml"')]"
} >"$work/peers.json"
# taskset, compare.py's way to pin a target to a core, keeps the process id; env execs, so CPU time is the gateway's own.
env -i PATH="$PATH" HOME="$work" python3 "$work/src/compare.py" --bin "$work/bin" --peers "$work/peers.json" \
  --only "${ONLY:-floor-proxy,floor-sdk,outcrop,outcrop-logging}" --logs "$work" --scenarios small-c1,small-c16,small-c128,large-c1,large-c16,large-c128,stream-c16,stream-paced --max-load 100 "$@"
