"""The official OpenAI SDK for Python, unmodified: pip install openai. (Not run by the tests: there is no Python index where
they run.)"""
import os

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1"), api_key=os.environ.get("OPENAI_API_KEY", "unused"))

reply = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello!"}])
print(reply.choices[0].message.content)

for chunk in client.chat.completions.create(model="gpt-4o", stream=True, messages=[{"role": "user", "content": "Hello again!"}]):
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()

vectors = client.embeddings.create(model="text-embedding-3-small", input=["the cat sat on the mat", "a dog in the garden"])
print(len(vectors.data), "vectors of", len(vectors.data[0].embedding))
