#!/usr/bin/env bash
# curl against a running gateway: chat, stream, a tool loop of two round trips, embeddings, an error, an abort in mid-stream.
set -euo pipefail
url=${OPENAI_BASE_URL:-http://127.0.0.1:8080/v1}
model=${CHAT_MODEL:-gpt-4o}
embedding=${EMBEDDING_MODEL:-text-embedding-3-small}
key=${OPENAI_API_KEY:-unused}

post() { curl -sS --max-time 60 "$url$1" -H "authorization: Bearer $key" -H 'content-type: application/json' -d "$2" "${@:3}"; }
expect() { case "$2" in *"$3"*) echo "ok   curl: $1" ;; *) echo "FAIL curl: $1: $2" >&2; exit 1 ;; esac; }

expect chat "$(post /chat/completions '{"model":"'"$model"'","messages":[{"role":"user","content":"Hello!"}]}')" '"finish_reason":"stop"'

expect stream "$(post /chat/completions '{"model":"'"$model"'","stream":true,"messages":[{"role":"user","content":"Hello!"}]}' -N | tail -n 2)" 'data: [DONE]'

tools='[{"type":"function","function":{"name":"get_weather","description":"Tells the weather in a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]'
question='{"role":"user","content":"What is the weather in Paris? Use get_weather."}'
first=$(post /chat/completions '{"model":"'"$model"'","tools":'"$tools"',"messages":['"$question"']}')
expect 'tool call' "$first" '"finish_reason":"tool_calls"'
id=$(sed -E 's/.*"tool_calls":\[\{"id":"([^"]+)".*/\1/' <<<"$first")
call='{"role":"assistant","content":null,"tool_calls":[{"id":"'"$id"'","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}}]}'
result='{"role":"tool","tool_call_id":"'"$id"'","content":"18 degrees and drizzle"}'
expect 'tool result' "$(post /chat/completions '{"model":"'"$model"'","tools":'"$tools"',"messages":['"$question,$call,$result"']}')" '18 degrees and drizzle'

expect embeddings "$(post /embeddings '{"model":"'"$embedding"'","input":"the cat sat on the mat"}')" '"object":"embedding"'

expect error "$(post /chat/completions '{"model":"no-such-model","messages":[{"role":"user","content":"hi"}]}' -w ' %{http_code}')" '"code":"model_not_found"}} 404'

# head closes the pipe after the first event, which makes curl hang up in the middle of the stream.
first_event=$(post /chat/completions '{"model":"'"$model"'","stream":true,"messages":[{"role":"user","content":"Slowly count to 5000, please."}]}' -N 2>/dev/null | head -n 1 || true)
expect 'abort in mid-stream' "$first_event" 'chat.completion.chunk'
expect 'still there' "$(curl -sS --max-time 10 "${url%/v1}/health")" 'ok'
