package bedrock

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// sortedMaps is the SDK's protocol, which writes maps in Go's order, with requestMetadata in order of its keys: the
// same request has the same bytes (R-GEN-06). It is the only map of strings in a request; documents are bytes already.
type sortedMaps struct{ smithyhttp.ClientProtocol }

// SerializeRequest writes the request.
func (p sortedMaps) SerializeRequest(ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable,
	req *smithyhttp.Request) error {
	return p.ClientProtocol.SerializeRequest(ctx, op, sorted{in}, req)
}

type sorted struct{ smithy.Serializable }

// Serialize writes the input, and its maps when they are complete.
func (s sorted) Serialize(to smithy.ShapeSerializer) {
	s.Serializable.Serialize(&sorter{ShapeSerializer: to})
}

// sorter holds the entries of a map until it ends.
type sorter struct {
	smithy.ShapeSerializer
	held       map[string]string // nil outside of a map
	schema     *smithy.Schema    // of the map
	key        string
	keys, text *smithy.Schema
}

// WriteMap begins a map.
func (s *sorter) WriteMap(schema *smithy.Schema) { s.schema, s.held = schema, map[string]string{} }

// WriteKey begins an entry.
func (s *sorter) WriteKey(schema *smithy.Schema, key string) { s.keys, s.key = schema, key }

// WriteString writes a string, or the value of an entry.
func (s *sorter) WriteString(schema *smithy.Schema, text string) {
	if s.held == nil {
		s.ShapeSerializer.WriteString(schema, text)
		return
	}
	s.text, s.held[s.key] = schema, text
}

// CloseMap writes the map.
func (s *sorter) CloseMap() {
	s.ShapeSerializer.WriteMap(s.schema)
	for _, key := range slices.Sorted(maps.Keys(s.held)) {
		s.ShapeSerializer.WriteKey(s.keys, key)
		s.ShapeSerializer.WriteString(s.text, s.held[key])
	}
	s.ShapeSerializer.CloseMap()
	s.held = nil
}
