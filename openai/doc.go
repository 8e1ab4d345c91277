// Package openai holds the wire vocabulary of the OpenAI API that Outcrop serves: the requests as clients write them,
// the answers as clients read them, and the one error type that a client ever sees.
//
// It knows JSON and nothing else: not Bedrock, not HTTP, not policy, and it imports nothing of ours. Requests are
// decoded here by hand over a token stream, because a server has to tell absent from null, keep schemas byte for byte,
// name the JSON path of a fault and report what it does not know; a client library's structs do none of that.
//
// Start reading at part.go (what the rest of the house knows of requests and answers), then chat_request.go and
// chat_reply.go.
package openai
