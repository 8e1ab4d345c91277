// Package embed asks Bedrock's embedding models for what OpenAI's embedding requests want, by InvokeModel, a file a
// family.
//
// Start at embed.go, which holds the table of the families.
package embed
