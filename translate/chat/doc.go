// Package chat is the dialect of chat completions: it makes turns of messages, has them made into a Converse request
// (see converse), and writes what comes back as OpenAI's answers and chunks.
//
// Start at input.go (the way in), output.go and stream.go (the way back).
package chat
