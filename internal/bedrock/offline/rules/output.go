package rules

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// outputRule: native structured output [FACTS 2.10, 4.4]. The texts for other families than Claude are unconfirmed.
func outputRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if r.Output.Effort != "" && !slices.Contains(wire.LowToXMax, r.Output.Effort) {
		return wire.Invalid("The value at outputConfig.effort must be one of the following: %s.",
			strings.Join(wire.LowToXMax, ", "))
	}
	if r.Output.Effort != "" && t.Model.Traits.Claude && t.Model.Traits.Efforts == nil {
		return wire.RefusedByModel("output_config: Extra inputs are not permitted")
	}
	if r.Output.Format == nil {
		return nil
	}
	if wire.Denies(t.Model.StructuredOutput) {
		if t.Model.Traits.Claude {
			return wire.RefusedByModel("output_config.format: Extra inputs are not permitted")
		}
		return wire.Unsupported("outputConfig.textFormat")
	}
	cited := r.EachMedia(func(_, kind string, m *wire.Media) *wire.Exception {
		if kind == "document" && m.Citations != nil && m.Citations.Enabled {
			return wire.Invalid("Structured output can't be used with citations.")
		}
		return nil
	})
	if cited != nil {
		return cited
	}
	const where = "outputConfig.textFormat.structure.jsonSchema.schema"
	var schema map[string]any
	if json.Unmarshal([]byte(r.Output.Format.Structure.Schema.Schema), &schema) != nil || schema == nil {
		return wire.Invalid("The value at %s is not a valid JSON Schema.", where)
	}
	return strictSchema(schema, where)
}

// beyondSubset are the keywords that structured output and strict tools refuse [FACTS 2.10, 4.4].
var beyondSubset = []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems",
	"oneOf", "not", "if", "then", "else", "dependentSchemas", "prefixItems", "patternProperties", "propertyNames",
	"uniqueItems", "contains",
	"minProperties", "maxProperties"}

// strictSchema holds a schema against the subset of JSON Schema that grammars are compiled from. Texts after
// Anthropic's.
func strictSchema(schema map[string]any, where string) *wire.Exception {
	s := &subset{root: schema, where: where, passed: map[string]bool{}}
	return s.node(schema, nil)
}

type subset struct {
	root   map[string]any
	where  string
	passed map[string]bool // references that were followed to their end: many ways may lead to one definition
}

func (s *subset) node(n map[string]any, refs []string) *wire.Exception {
	if e := s.keywords(n); e != nil {
		return e
	}
	if ref, ok := n["$ref"].(string); ok {
		to := wire.Lookup(s.root, ref)
		switch {
		case !strings.HasPrefix(ref, "#"):
			return wire.RefusedByModel("%s: External schema $ref %q is not supported", s.where, ref)
		case to == nil:
			return wire.RefusedByModel("%s: Invalid $ref %q", s.where, ref)
		case slices.Contains(refs, ref):
			return wire.RefusedByModel("%s: Circular reference detected in schema definitions: %s", s.where, ref)
		case s.passed[ref]:
			return nil
		}
		if e := s.node(to, append(slices.Clone(refs), ref)); e != nil {
			return e
		}
		s.passed[ref] = true
		return nil
	}
	props, _ := n["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(props)) {
		if e := s.child(props[name], refs); e != nil {
			return e
		}
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf", "prefixItems"} {
		for _, v := range wire.AsList(n[key]) {
			if e := s.child(v, refs); e != nil {
				return e
			}
		}
	}
	return s.child(n["items"], refs)
}

func (s *subset) child(v any, refs []string) *wire.Exception {
	if m, ok := v.(map[string]any); ok {
		return s.node(m, refs)
	}
	return nil
}

func (s *subset) keywords(n map[string]any) *wire.Exception {
	sort, _ := n["type"].(string)
	var bad []string
	for _, k := range beyondSubset {
		if _, set := n[k]; set {
			bad = append(bad, k)
		}
	}
	if len(bad) > 0 {
		return wire.RefusedByModel("%s: For '%s' type, properties %s are not supported", s.where, sort,
			strings.Join(bad, ", "))
	}
	for _, v := range append(wire.AsList(n["enum"]), n["const"]) {
		switch v.(type) {
		case map[string]any, []any:
			return wire.RefusedByModel("%s: Enum values of complex types are not supported", s.where)
		}
	}
	if least, set := n["minItems"].(float64); set && least > 1 {
		return wire.RefusedByModel("%s: For 'array' type, 'minItems' values other than 0 or 1 are not supported", s.where)
	}
	if more, set := n["additionalProperties"]; sort == "object" && (!set || more != false) {
		return wire.RefusedByModel("%s: For 'object' type, 'additionalProperties' must be explicitly set to false", s.where)
	}
	return nil
}
