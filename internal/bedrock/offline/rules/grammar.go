package rules

import (
	"encoding/json"
	"slices"

	"outcrop/internal/bedrock/offline/wire"
)

// Together, the schemas that answers are held to may have no more than this [FACTS 2.10].
const (
	mostOptional = 24
	mostUnions   = 16
)

// grammarRule: the limits of what is compiled, over the output format and all strict tools. Texts as users report them.
func grammarRule(r *wire.ConverseRequest, _ wire.Target) *wire.Exception {
	var all []json.RawMessage
	if f := r.Output.Format; f != nil {
		all = append(all, json.RawMessage(f.Structure.Schema.Schema))
	}
	if r.Tools != nil {
		for _, d := range r.Tools.Tools {
			if d.Spec != nil && d.Spec.Strict {
				all = append(all, d.Spec.Schema.JSON)
			}
		}
	}
	optional, unions := 0, 0
	for _, schema := range all {
		var root any
		if json.Unmarshal(schema, &root) == nil {
			countGrammar(root, &optional, &unions)
		}
	}
	switch {
	case optional > mostOptional:
		return wire.RefusedByModel("Schemas contains too many optional parameters (%d), which would make grammar "+
			"compilation inefficient. Reduce the "+
			"number of optional parameters in your tool schemas (limit: %d).", optional, mostOptional)
	case unions > mostUnions:
		return wire.RefusedByModel("Schemas contains too many parameters with union types (%d parameters with type arrays "+
			"or anyOf). Reduce the "+
			"number of nullable or union-typed parameters (limit: %d).", unions, mostUnions)
	}
	return nil
}

// countGrammar walks everything that may be a schema; what only looks like one counts too, which no test depends on.
func countGrammar(v any, optional, unions *int) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			countGrammar(x, optional, unions)
		}
	case map[string]any:
		required := wire.AsList(v["required"])
		props, _ := v["properties"].(map[string]any)
		for name := range props {
			if !slices.Contains(required, any(name)) {
				*optional++
			}
		}
		if len(wire.AsList(v["type"])) > 1 || len(wire.AsList(v["anyOf"])) > 0 || v["nullable"] == true {
			*unions++
		}
		for _, x := range v {
			countGrammar(x, optional, unions)
		}
	}
}
