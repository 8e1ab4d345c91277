// Package responses is the dialect of OpenAI's Responses API: it makes a chat of a request's items, and items of a
// chat's answer, plain and streamed. Everything between the two and Bedrock is chat's (RESPONSES 0), so that a request
// that both can express becomes the same call.
//
// It must not know where answers are kept, or by whom: who continues an earlier response hands its items in.
//
// Start at request.go (the way in), then items.go; stream.go and object.go are the way back.
package responses
