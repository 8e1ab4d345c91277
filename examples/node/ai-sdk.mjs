// The Vercel AI SDK, unmodified: once through @ai-sdk/openai-compatible, once through @ai-sdk/openai in chat mode.
import { embed, embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createOpenAI } from "@ai-sdk/openai";
import { z } from "zod";
import { apiKey, assert, baseURL, check, embeddingModel, model, near, weather } from "./check.mjs";

const compatible = createOpenAICompatible({ name: "outcrop", baseURL, apiKey, includeUsage: true });
const openai = createOpenAI({ baseURL, apiKey });
const providers = {
  "ai-sdk compatible": { chat: (id) => compatible.chatModel(id), embedding: (id) => compatible.embeddingModel(id) },
  "ai-sdk openai": { chat: (id) => openai.chat(id), embedding: (id) => openai.embedding(id) },
};

for (const [name, provider] of Object.entries(providers)) {
  const chat = provider.chat(model);
  const tools = {
    [weather.name]: tool({
      description: weather.description, inputSchema: z.object({ city: z.string() }), execute: async () => weather.answer,
    }),
  };

  await check(`${name}: R-PAR-02 chat`, async () => {
    const r = await generateText({ model: chat, prompt: "Hello!", maxRetries: 0 });
    assert.ok(r.text.length > 0);
    assert.equal(r.finishReason, "stop");
    assert.ok(r.usage.totalTokens > 0);
  });

  await check(`${name}: R-PAR-03 R-STR-01, -06, -13 stream`, async () => {
    const r = streamText({ model: chat, prompt: "Hello!", maxRetries: 0 });
    let text = "";
    for await (const piece of r.textStream) text += piece;
    assert.equal(text, (await generateText({ model: chat, prompt: "Hello!", maxRetries: 0 })).text);
    assert.equal(await r.finishReason, "stop");
    assert.ok((await r.usage).totalTokens > 0);
  });

  await check(`${name}: R-PAR-11 tool loop of two round trips`, async () => {
    const r = await generateText({ model: chat, prompt: weather.question, tools, stopWhen: stepCountIs(4), maxRetries: 0 });
    assert.equal(r.steps.length, 2);
    assert.ok(r.text.includes(weather.answer), r.text);
  });

  await check(`${name}: R-PAR-11 R-STR-10 streamed tool loop of two round trips`, async () => {
    const r = streamText({ model: chat, prompt: weather.question, tools, stopWhen: stepCountIs(4), maxRetries: 0 });
    let text = "";
    for await (const piece of r.textStream) text += piece;
    assert.equal((await r.steps).length, 2);
    assert.ok(text.includes(weather.answer), text);
  });

  // Neither provider keeps reasoning_details, so the second round trip goes on without thinking (R-RSN-07). The loop holds all the same.
  for (const [how, ask] of [["", generateText], [", streamed", streamText]]) {
    await check(`${name}: R-RPL-15 tool loop with interleaved thinking${how}`, async () => {
      const r = await ask({
        model: provider.chat("anthropic.claude-sonnet-4-5-20250929-v1:0"), prompt: `${weather.question} THINKAGAIN SAMEID`, tools, stopWhen: stepCountIs(4), maxRetries: 0,
        providerOptions: { outcrop: { reasoningEffort: "low" }, openai: { reasoningEffort: "low", forceReasoning: true } },
      });
      const [steps, text] = [await r.steps, await r.text];
      assert.equal(steps.length, 2);
      assert.equal(steps[0].toolCalls.length, 2);
      assert.match(steps[1].response.headers["x-outcrop-adjusted"], /reasoning_effort:disabled_missing_signature/);
      assert.ok(text.includes(weather.answer), text);
    });
  }

  await check(`${name}: R-EMB-01, -03 embeddings`, async () => {
    const many = await embedMany({ model: provider.embedding(embeddingModel), values: ["the cat sat on the mat", "a dog in the garden"], maxRetries: 0 });
    const one = await embed({ model: provider.embedding(embeddingModel), value: "the cat sat on the mat", maxRetries: 0 });
    near(many.embeddings[0], one.embedding);
  });

  await check(`${name}: R-ERR-01 error`, async () => {
    await assert.rejects(generateText({ model: provider.chat("no-such-model"), prompt: "hi", maxRetries: 0 }),
      (err) => err.statusCode === 404 && /no-such-model/.test(err.message));
  });

  await check(`${name}: abort in mid-stream`, async () => {
    const controller = new AbortController();
    let pieces = 0;
    const r = streamText({ model: chat, prompt: "Slowly count to 5000, please.", abortSignal: controller.signal, maxRetries: 0, onError: () => {} });
    try {
      for await (const _ of r.textStream) if (++pieces === 2) controller.abort();
    } catch (err) {
      assert.equal(err.name, "AbortError");
    }
    assert.ok(pieces >= 2 && pieces < 20, `${pieces} pieces`);
    assert.ok((await generateText({ model: chat, prompt: "Still there?", maxRetries: 0 })).text.length > 0);
  });
}
