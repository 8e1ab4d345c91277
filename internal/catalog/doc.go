// Package catalog tells what is known of each model of Amazon Bedrock: its capabilities, limits, prices and lifecycle,
// and which row of the catalogue a model id, an inference profile or an ARN leads to.
//
// The data is embedded: models.json (the model data file, unchanged) and the family table in families.go, which holds
// what the data file lacks. What neither knows stays unknown and is never guessed. The package does no I/O, has no
// clock, and imports nothing of Outcrop. Rows are shared between requests and never change after loading.
//
// Start reading at [Catalog.Resolve]; the types that translation reads are in model.go.
package catalog
