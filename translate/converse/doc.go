// Package converse makes a Converse request of turns of blocks, which a dialect of the gateway fills with what its
// client said: tools, results and reasoning find their places, names and ids their form, cache points, limits and
// media their bounds, and wishes the means by which the model is asked for them. The other way round it reads
// Bedrock's replies and events as blocks, and tells them to whoever writes them down.
//
// It knows no API: how a member is called it asks Request.Names. It must not import a dialect, nor read a type of
// one's wire. Start at request.go (what a dialect fills), input.go (the passes, in order) and reader.go (the way
// back).
package converse
