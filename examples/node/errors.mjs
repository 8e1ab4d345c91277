// What the official OpenAI SDK for Node makes of errors: its class, code and param, and what it tries again by itself. The faults
// are asked for behind a "+" in the model's id, which the embedded Bedrock understands.
import OpenAI, {
  APIError, AuthenticationError, BadRequestError, InternalServerError, NotFoundError, PermissionDeniedError, RateLimitError,
} from "openai";
import { abort, apiKey, assert, baseURL, check } from "./check.mjs";

const nova = "amazon.nova-lite-v1:0";
const messages = [{ role: "user", content: "Hello!" }];

/** A client that counts what it sends. */
function counting(maxRetries, key = apiKey) {
  const sent = { requests: 0 };
  const fetchAndCount = (...args) => { sent.requests++; return fetch(...args); };
  return [new OpenAI({ baseURL, apiKey: key, maxRetries, fetch: fetchAndCount }), sent];
}

const [client] = counting(0);

for (const [name, cls, status, type, code, param, params] of [
  ["bad request", BadRequestError, 400, "invalid_request_error", "decimal_above_max_value", "temperature", { model: nova, temperature: 9 }],
  ["permission denied", PermissionDeniedError, 403, "invalid_request_error", "model_access_denied", "model", { model: `${nova}+error=AccessDenied` }],
  ["not found", NotFoundError, 404, "invalid_request_error", "model_not_found", "model", { model: "no-such-model" }],
  ["rate limit", RateLimitError, 429, "requests", "rate_limit_exceeded", null, { model: `${nova}+throttle` }],
  ["quota", RateLimitError, 429, "insufficient_quota", "insufficient_quota", null, { model: `${nova}+error=ServiceQuotaExceeded` }],
  ["internal server error", InternalServerError, 500, "server_error", null, null, { model: `${nova}+error=InternalServer` }],
  ["capacity", InternalServerError, 503, "server_error", "service_unavailable", null, { model: `${nova}+error=ServiceUnavailable` }],
]) {
  await check(`errors: R-ERR-01, -80 ${name}`, async () => {
    await assert.rejects(client.chat.completions.create({ messages, ...params }), (err) => {
      assert.ok(err instanceof cls, `${err.constructor.name}: ${err.message}`);
      assert.deepEqual([err.status, err.type, err.code, err.param], [status, type, code, param]);
      assert.match(err.requestID, /^req_/);
      return true;
    });
  });
}

await check("errors: R-ERR-80 authentication", async () => {
  const [stranger] = counting(0, "not-the-key");
  await assert.rejects(stranger.chat.completions.create({ model: nova, messages }),
    (err) => err instanceof AuthenticationError && err.status === 401 && err.code === "invalid_api_key");
});

await check("errors: R-ERR-80 R-ERR-03 maxRetries where a retry makes sense", async () => {
  // The gateway itself tries three times; the fourth call of Bedrock, the SDK's second of the gateway, succeeds.
  const [patient, sent] = counting(2);
  const begin = Date.now();
  const r = await patient.chat.completions.create({ model: `${nova}+throttle=3+key=retry-${begin}`, messages });
  assert.equal(r.choices[0].finish_reason, "stop");
  assert.equal(sent.requests, 2);
  assert.ok(Date.now() - begin >= 1000, "retry-after was not waited for");
});

await check("errors: R-ERR-03 maxRetries come to an end", async () => {
  const [patient, sent] = counting(2);
  const begin = Date.now();
  await assert.rejects(patient.chat.completions.create({ model: `${nova}+throttle`, messages }), (err) => {
    assert.ok(err instanceof RateLimitError, String(err));
    const wait = Number(err.headers.get("retry-after"));
    assert.ok(wait >= 1 && wait <= 60, `retry-after ${wait}`);
    assert.ok(Date.now() - begin >= 2 * 1000 * wait, "retry-after was not waited for"); // between three requests
    return true;
  });
  assert.equal(sent.requests, 3);
  assert.ok(Date.now() - begin < 30_000, "it took too long");
});

await check("errors: R-ERR-80 R-ERR-03 no retry where none makes sense", async () => {
  for (const fault of ["error=ServiceQuotaExceeded", "error=ExpiredToken"]) { // 429 and 500, which the SDK retries of itself
    const [patient, sent] = counting(2);
    await assert.rejects(patient.chat.completions.create({ model: `${nova}+${fault}`, messages }), (err) => err instanceof APIError);
    assert.equal(sent.requests, 1, fault);
  }
});

await check("errors: R-STR-02 before a stream begins", async () => {
  await assert.rejects(client.chat.completions.create({ model: `${nova}+throttle`, messages, stream: true }),
    (err) => err instanceof RateLimitError && err.code === "rate_limit_exceeded");
});

await check("errors: R-STR-05, -15, -16 in the middle of a stream", async () => {
  for (const [fault, code] of [["after=3:modelStreamErrorException", "malformed_model_output"], ["cut=3", "stream_truncated"]]) {
    const stream = await client.chat.completions.create({ model: `${nova}+${fault}`, messages, stream: true });
    let chunks = 0;
    await assert.rejects(async () => { for await (const _ of stream) chunks++; }, (err) => err instanceof APIError && err.code === code);
    assert.ok(chunks > 0, fault);
  }
});

await check("errors: abort in mid-stream", () => abort(client, { model: nova }));
