package offline

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"outcrop/internal/bedrock/offline/shape"
	"outcrop/internal/bedrock/offline/wire"
)

// The control plane: model and profile lists [FACTS 6.7], made from the catalogue.

// born is the creation time of everything: the catalogue does not know better.
const born = "2025-01-01T00:00:00Z"

func (s *Server) foundationARN(m *wire.Model, region string) string {
	return "arn:aws:bedrock:" + region + "::foundation-model/" + m.ID
}

func (s *Server) summary(m *wire.Model) map[string]any {
	inference := []string{}
	if !wire.Affirms(m.Inference.ProfileRequired) {
		inference = append(inference, "ON_DEMAND")
	}
	if len(m.Inference.ProfileIDs) > 0 {
		inference = append(inference, "INFERENCE_PROFILE")
	}
	cycle := map[string]any{"status": "ACTIVE", "startOfLifeTime": born}
	if m.Status == "legacy" {
		cycle["status"] = "LEGACY"
	}
	for member, day := range map[string]string{"legacyTime": m.Lifecycle.Legacy, "endOfLifeTime": m.Lifecycle.EOL} {
		if day != "" {
			cycle[member] = day + "T00:00:00Z"
		}
	}
	out := map[string]any{
		"modelArn": s.foundationARN(m, s.catalogue.Region), "modelId": m.ID, "modelName": m.Name, "providerName": m.Provider,
		"inputModalities": upper(m.Modalities.Input), "outputModalities": upper(m.Modalities.Output),
		"customizationsSupported": []string{}, "inferenceTypesSupported": inference, "modelLifecycle": cycle,
	}
	if m.Features.Streaming != nil {
		out["responseStreamingSupported"] = *m.Features.Streaming
	}
	return out
}

func upper(all []string) []string {
	out := []string{}
	for _, v := range all {
		out = append(out, strings.ToUpper(v))
	}
	return out
}

// listed tells whether a model is in the lists of Bedrock: those at the end of their life are not.
func listed(m *wire.Model) bool { return m.Status != "eol" }

func (s *Server) listModels(op wire.Operation) *wire.Reply {
	allowed := map[string]*shape.Shape{
		"byProvider":          shape.Str().Between(1, 63),
		"byCustomizationType": shape.Enum("FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION"),
		"byOutputModality":    shape.Enum("TEXT", "IMAGE", "EMBEDDING"),
		"byInferenceType":     shape.Enum("ON_DEMAND", "PROVISIONED"),
	}
	if e := checkQuery(op, allowed); e != nil {
		return e.Reply()
	}
	found := []any{}
	for _, m := range s.catalogue.Models {
		sum := s.summary(m)
		fits := func(param, member string) bool {
			want := op.Query.Get(param)
			list, _ := sum[member].([]string)
			return want == "" || slices.Contains(list, want)
		}
		provider := op.Query.Get("byProvider")
		if listed(m) && (provider == "" || strings.EqualFold(provider, m.Provider)) &&
			fits("byCustomizationType", "customizationsSupported") &&
			fits("byOutputModality", "outputModalities") && fits("byInferenceType", "inferenceTypesSupported") {
			found = append(found, sum)
		}
	}
	return wire.OkJSON(wire.Marshal(map[string]any{"modelSummaries": found}))
}

func (s *Server) getModel(id string) *wire.Reply {
	if arn := wire.ArnForm.FindStringSubmatch(id); arn != nil && arn[4] == "foundation-model" {
		id = arn[5]
	}
	m := s.catalogue.ByID[id]
	if m == nil || !listed(m) {
		return wire.Invalid(wire.BadIdentifier).Reply()
	}
	return wire.OkJSON(wire.Marshal(map[string]any{"modelDetails": s.summary(m)}))
}

// destinations are the regions that a profile routes to, three for an example of each geography.
var destinations = map[string][]string{
	"us": {"us-east-1", "us-east-2", "us-west-2"}, "us-gov": {"us-gov-east-1", "us-gov-west-1"},
	"eu":   {"eu-central-1", "eu-north-1", "eu-west-1"},
	"apac": {"ap-northeast-1", "ap-south-1", "ap-southeast-2"}, "jp": {"ap-northeast-1", "ap-northeast-3"},
	"au": {"ap-southeast-2", "ap-southeast-4"},
	"ca": {"ca-central-1"}, "in": {"ap-south-1", "ap-south-2"}, "global": {"", "us-east-1", "eu-west-1"},
}

func (s *Server) systemProfile(id string, m *wire.Model) map[string]any {
	prefix, _, _ := strings.Cut(id, ".")
	return map[string]any{
		"inferenceProfileId": id, "inferenceProfileArn": "arn:aws:bedrock:" + s.catalogue.Region + ":" + wire.Account +
			":inference-profile/" + id,
		"inferenceProfileName": strings.ToUpper(prefix) + " " + m.Provider + " " + m.Name,
		"description":          "Routes requests to " + m.Name + " in the regions of " + prefix + ".",
		"models":               s.destinations(prefix, m), "status": "ACTIVE", "type": "SYSTEM_DEFINED", "createdAt": born,
		"updatedAt": born,
	}
}

func (s *Server) destinations(prefix string, m *wire.Model) []any {
	var out []any
	for _, region := range destinations[prefix] {
		out = append(out, map[string]any{"modelArn": s.foundationARN(m, region)})
	}
	return out
}

func (s *Server) applicationProfile(name string, m *wire.Model) map[string]any {
	models := []any{map[string]any{"modelArn": s.foundationARN(m, s.catalogue.Region)}}
	for _, id := range m.Inference.ProfileIDs {
		if prefix, _, _ := strings.Cut(id, "."); s.catalogue.Serves(id) && prefix != "global" {
			models = s.destinations(prefix, m)
		}
	}
	return map[string]any{
		"inferenceProfileId": name, "inferenceProfileArn": "arn:aws:bedrock:" + s.catalogue.Region + ":" + wire.Account +
			":application-inference-profile/" + name,
		"inferenceProfileName": name, "description": "An application profile of the offline account.",
		"models": models, "status": "ACTIVE", "type": "APPLICATION", "createdAt": born, "updatedAt": born,
	}
}

// listProfiles lists system profiles that the region offers, or application profiles; the pages' token is a position.
func (s *Server) listProfiles(op wire.Operation) *wire.Reply {
	if e := checkQuery(op, map[string]*shape.Shape{
		"type":       shape.Enum("SYSTEM_DEFINED", "APPLICATION"),
		"maxResults": shape.Str(),
		"nextToken":  shape.Str().Between(1, 2048),
		// The service model names the parameter "type"; older SDKs send typeEquals.
		"typeEquals": shape.Enum("SYSTEM_DEFINED", "APPLICATION"),
	}); e != nil {
		return e.Reply()
	}
	sort := op.Query.Get("type") + op.Query.Get("typeEquals")
	var all []map[string]any
	if sort == "APPLICATION" {
		for _, a := range s.catalogue.Apps {
			all = append(all, s.applicationProfile(a.Name, a.Model))
		}
	} else {
		for _, id := range slices.Sorted(maps.Keys(s.catalogue.Profiles)) {
			if m := s.catalogue.Profiles[id]; listed(m) && s.catalogue.Serves(id) {
				all = append(all, s.systemProfile(id, m))
			}
		}
	}
	return page(op, all)
}

func page(op wire.Operation, all []map[string]any) *wire.Reply {
	size, start := 100, 0
	if v := op.Query.Get("maxResults"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1000 {
			return wire.Invalid("1 validation error detected: Value '%s' at 'maxResults' failed to satisfy constraint: "+
				"Member must have value between "+
				"1 and 1000", v).Reply()
		}
		size = n
	}
	if v := op.Query.Get("nextToken"); v != "" {
		b, err := base64.RawURLEncoding.DecodeString(v)
		n, err2 := strconv.Atoi(string(b))
		if err != nil || err2 != nil || n < 0 || n > len(all) {
			return wire.Invalid("The provided next token is invalid.").Reply()
		}
		start = n
	}
	end := min(start+size, len(all))
	out := map[string]any{"inferenceProfileSummaries": append([]map[string]any{}, all[start:end]...)}
	if end < len(all) {
		out["nextToken"] = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return wire.OkJSON(wire.Marshal(out))
}

func (s *Server) getProfile(id string) *wire.Reply {
	if arn := wire.ArnForm.FindStringSubmatch(id); arn != nil {
		switch arn[4] {
		case "inference-profile":
			id = arn[5]
		case "application-inference-profile":
			t, e := s.catalogue.Find(id)
			if e != nil {
				return e.Reply()
			}
			return wire.OkJSON(wire.Marshal(s.applicationProfile(arn[5], t.Model)))
		}
	}
	for _, a := range s.catalogue.Apps {
		if a.Name == id {
			return wire.OkJSON(wire.Marshal(s.applicationProfile(id, a.Model)))
		}
	}
	m := s.catalogue.Profiles[id]
	if m == nil || !listed(m) || !s.catalogue.Serves(id) {
		return (&wire.Exception{Name: "ResourceNotFoundException", Message: "Inference profile not found: " + id}).Reply()
	}
	return wire.OkJSON(wire.Marshal(s.systemProfile(id, m)))
}

func checkQuery(op wire.Operation, members map[string]*shape.Shape) *wire.Exception {
	values := map[string]any{}
	for k := range op.Query {
		if members[k] != nil { // others are ignored, as by any AWS service
			values[k] = op.Query.Get(k)
		}
	}
	return wire.Refusal(shape.Check(shape.Structure(members), values))
}
