// Package translate turns OpenAI values into Bedrock values and back, plain and streamed. The rules are numbered in the
// specification (R-…); docs and tests cite the numbers.
//
// It is pure: no context, no clock, no randomness, no I/O, no logging. What it may not invent (ids, times, media bytes, the
// model's row) is handed in. It never asks for a model by name: it reads capabilities of the catalogue's row.
//
// Start reading at chat_input.go (the way in), chat_output.go and chat_stream.go (the way back), embed.go (embeddings).
package translate
