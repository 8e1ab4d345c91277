// The parameters of a chat request through the official OpenAI SDK for Node: which are obeyed, which are refused and how the SDK
// throws that, and which are weakened. The last are told in the header x-outcrop-adjusted, which .withResponse() shows.
import OpenAI, { BadRequestError } from "openai";
import { abort, apiKey, assert, baseURL, check } from "./check.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const nova = "amazon.nova-lite-v1:0", claude = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const messages = [{ role: "user", content: "Hello!" }];
const whole = (await client.chat.completions.create({ model: nova, messages })).choices[0].message.content;

async function ask(params, options) {
  const { data, response } = await client.chat.completions.create({ model: nova, messages, ...params }, options).withResponse();
  const { message, finish_reason } = data.choices[0];
  return { data, text: message.content, finish: finish_reason, tokens: data.usage.completion_tokens, adjusted: response.headers.get("x-outcrop-adjusted") };
}

/** Parameters that are taken whole: nothing is reported, not even to a client that would rather have an error. */
async function taken(params) {
  const r = await ask(params, { headers: { "x-outcrop-strict": "true" } });
  assert.equal(r.adjusted, null);
  return r;
}

const refused = (params, code, param, options) => assert.rejects(ask(params, options), (err) => {
  assert.ok(err instanceof BadRequestError, String(err));
  assert.deepEqual([err.status, err.type, err.code, err.param], [400, "invalid_request_error", code, param]);
  return true;
});

for (const [rule, limit] of [["R-PAR-05", "max_completion_tokens"], ["R-PAR-06", "max_tokens"]]) {
  await check(`parameters: ${rule} ${limit}`, async () => {
    const r = await taken({ [limit]: 4 });
    assert.deepEqual([r.finish, r.tokens], ["length", 4]);
    assert.ok(whole.startsWith(r.text) && r.text.length < whole.length, r.text);
    await refused({ [limit]: 0 }, "integer_below_min_value", limit);
    await refused({ [limit]: -5 }, "integer_below_min_value", limit);
  });
}

await check("parameters: R-PAR-05, -06 both limits", async () => {
  for (const [max_completion_tokens, max_tokens] of [[4, 8], [8, 4]]) { // the newer wins, be it the smaller or not
    const r = await ask({ max_completion_tokens, max_tokens });
    assert.deepEqual([r.tokens, r.adjusted], [max_completion_tokens, "max_tokens:overridden"]);
  }
  assert.equal((await taken({ max_completion_tokens: 4, max_tokens: 4 })).tokens, 4);
});

await check("parameters: R-LIM-02 a limit above the model's", async () => {
  for (const limit of ["max_completion_tokens", "max_tokens"]) { // the embedded Bedrock refuses more than 10000
    const r = await ask({ [limit]: 10_001 });
    assert.deepEqual([r.text, r.adjusted], [whole, `${limit}:clamped_to_10000`]);
    await taken({ [limit]: 10_000 });
    await taken({ [limit]: 10_001, model: "amazon.nova-pro-v1:0" }); // nobody is sure of this one's maximum
  }
});

await check("parameters: R-PAR-08 top_p", async () => {
  for (const top_p of [0, 0.5, 1]) assert.equal((await taken({ top_p })).text, whole);
  await refused({ top_p: 1.01 }, "decimal_above_max_value", "top_p");
  await refused({ top_p: -0.01 }, "decimal_below_min_value", "top_p");
});

await check("parameters: R-SMP-01 temperature above 1", async () => {
  for (const temperature of [0, 0.7, 1]) await taken({ temperature });
  for (const temperature of [1.01, 2]) assert.equal((await ask({ temperature })).adjusted, "temperature:clamped_to_1");
  await refused({ temperature: 2.01 }, "decimal_above_max_value", "temperature");
});

await check("parameters: R-SMP-03 models that take one of temperature and top_p", async () => {
  for (const model of ["anthropic.claude-opus-4-1-20250805-v1:0", "anthropic.claude-opus-4-5-20251101-v1:0", "anthropic.claude-opus-4-6-v1"]) {
    const r = await ask({ model, temperature: 0.5, top_p: 0.9 });
    assert.deepEqual([r.finish, r.adjusted], ["stop", "top_p:conflicts_with_temperature"], model);
    for (const one of [{ temperature: 1, top_p: 0.9 }, { temperature: 0.5, top_p: 1 }, { temperature: 0.5 }, { top_p: 0.9 }]) await taken({ model, ...one });
  }
});

await check("parameters: R-SMP-04 models without sampling", async () => {
  for (const model of ["anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8"]) {
    const r = await ask({ model, temperature: 0.5, top_p: 0.9, top_k: 40 });
    assert.deepEqual([r.finish, r.adjusted], ["stop", "temperature:unsupported,top_p:unsupported,top_k:unsupported"], model);
    await taken({ model, temperature: 1, top_p: 1 });
  }
});

await check("parameters: R-PAR-09 R-LIM-04 stop", async () => {
  const before = whole.slice(0, whole.indexOf("I see"));
  const five = ["neither this", "nor this", "nor that", "nor those", "I see"]; // OpenAI takes four
  for (const stop of ["I see", ["I see"], ["", "You said", "I see"], five]) {
    const r = await taken({ stop });
    assert.deepEqual([r.text, r.finish], [before, "stop"]);
  }
  for (const stop of [null, [], "", ["", ""], ["no such words"]]) assert.equal((await taken({ stop })).text, whole);
  assert.equal((await ask({ model: claude, stop: [" \n", "I see"] })).adjusted, "stop:blank_dropped");
  assert.equal((await taken({ stop: [" "] })).text, "This"); // with other models white space is a stop sequence like any other
  await refused({ stop: Array.from({ length: 2501 }, (_, i) => `stop ${i}`) }, "array_above_max_length", "stop");
  await refused({ stop: 7 }, "invalid_type", "stop");
});

await check("parameters: R-PAR-22 logit_bias", async () => {
  for (const logit_bias of [{}, null]) assert.equal((await taken({ logit_bias })).text, whole);
  await refused({ logit_bias: { 50256: -100 } }, "unsupported_parameter", "logit_bias");
});

await check("parameters: R-PAR-35 R-MET-03 service_tier", async () => {
  for (const [asked, told] of [["auto", "default"], ["default", "default"], ["flex", "flex"], ["priority", "priority"], ["fast", "priority"], ["scale", "scale"]]) {
    assert.equal((await taken({ service_tier: asked })).data.service_tier, told, asked); // what Bedrock says that it did
  }
  await refused({ service_tier: "gold" }, "invalid_value", "service_tier");
});

await check("parameters: R-GEN-04 strict mode", async () => {
  const strict = { headers: { "x-outcrop-strict": "true" } };
  // The model has a fault: had it been called, the SDK would have thrown a RateLimitError.
  const model = `${nova}+throttle`, much = { model, temperature: 1.5, max_tokens: 20_000 };
  await refused(much, "unsupported_value", "max_tokens", strict); // the first of the two
  await assert.rejects(ask(much, strict), /max_tokens:clamped_to_10000.*temperature:clamped_to_1/);
  await refused({ ...much, stream: true }, "unsupported_value", "max_tokens", strict);
  const strictClient = new OpenAI({ baseURL, apiKey, maxRetries: 0, defaultHeaders: strict.headers });
  await assert.rejects(strictClient.chat.completions.create({ model: nova, messages, seed: 7 }), (err) => err instanceof BadRequestError && err.param === "seed");
  assert.equal((await ask({ seed: 7 })).adjusted, "seed:unsupported");
});

await check("parameters: abort in mid-stream", () => abort(client, { model: nova, stop: ["no such words"], max_completion_tokens: 9_999 }));
