package offline

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The control plane: model and profile lists [FACTS 6.7], made from the catalogue.

// born is the creation time of everything: the catalogue does not know better.
const born = "2025-01-01T00:00:00Z"

func (s *Server) foundationARN(m *model, region string) string {
	return "arn:aws:bedrock:" + region + "::foundation-model/" + m.ID
}

func (s *Server) summary(m *model) map[string]any {
	inference := []string{}
	if !affirms(m.Inference.ProfileRequired) {
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
		"modelArn": s.foundationARN(m, s.catalogue.region), "modelId": m.ID, "modelName": m.Name, "providerName": m.Provider,
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
func listed(m *model) bool { return m.Status != "eol" }

func (s *Server) listModels(op operation) *reply {
	allowed := map[string]*shape{
		"byProvider":          str().between(1, 63),
		"byCustomizationType": enum("FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION"),
		"byOutputModality":    enum("TEXT", "IMAGE", "EMBEDDING"),
		"byInferenceType":     enum("ON_DEMAND", "PROVISIONED"),
	}
	if e := checkQuery(op, allowed); e != nil {
		return e.reply()
	}
	found := []any{}
	for _, m := range s.catalogue.models {
		sum := s.summary(m)
		fits := func(param, member string) bool {
			want := op.query.Get(param)
			list, _ := sum[member].([]string)
			return want == "" || slices.Contains(list, want)
		}
		provider := op.query.Get("byProvider")
		if listed(m) && (provider == "" || strings.EqualFold(provider, m.Provider)) && fits("byCustomizationType", "customizationsSupported") &&
			fits("byOutputModality", "outputModalities") && fits("byInferenceType", "inferenceTypesSupported") {
			found = append(found, sum)
		}
	}
	return okJSON(marshal(map[string]any{"modelSummaries": found}))
}

func (s *Server) getModel(id string) *reply {
	if arn := arnForm.FindStringSubmatch(id); arn != nil && arn[4] == "foundation-model" {
		id = arn[5]
	}
	m := s.catalogue.byID[id]
	if m == nil || !listed(m) {
		return invalid(badIdentifier).reply()
	}
	return okJSON(marshal(map[string]any{"modelDetails": s.summary(m)}))
}

// destinations are the regions that a profile routes to, three for an example of each geography.
var destinations = map[string][]string{
	"us": {"us-east-1", "us-east-2", "us-west-2"}, "us-gov": {"us-gov-east-1", "us-gov-west-1"}, "eu": {"eu-central-1", "eu-north-1", "eu-west-1"},
	"apac": {"ap-northeast-1", "ap-south-1", "ap-southeast-2"}, "jp": {"ap-northeast-1", "ap-northeast-3"}, "au": {"ap-southeast-2", "ap-southeast-4"},
	"ca": {"ca-central-1"}, "in": {"ap-south-1", "ap-south-2"}, "global": {"", "us-east-1", "eu-west-1"},
}

func (s *Server) systemProfile(id string, m *model) map[string]any {
	prefix, _, _ := strings.Cut(id, ".")
	return map[string]any{
		"inferenceProfileId": id, "inferenceProfileArn": "arn:aws:bedrock:" + s.catalogue.region + ":" + account + ":inference-profile/" + id,
		"inferenceProfileName": strings.ToUpper(prefix) + " " + m.Provider + " " + m.Name,
		"description":          "Routes requests to " + m.Name + " in the regions of " + prefix + ".",
		"models":               s.destinations(prefix, m), "status": "ACTIVE", "type": "SYSTEM_DEFINED", "createdAt": born, "updatedAt": born,
	}
}

func (s *Server) destinations(prefix string, m *model) []any {
	var out []any
	for _, region := range destinations[prefix] {
		out = append(out, map[string]any{"modelArn": s.foundationARN(m, region)})
	}
	return out
}

func (s *Server) applicationProfile(name string, m *model) map[string]any {
	models := []any{map[string]any{"modelArn": s.foundationARN(m, s.catalogue.region)}}
	for _, id := range m.Inference.ProfileIDs {
		if prefix, _, _ := strings.Cut(id, "."); s.catalogue.serves(id) && prefix != "global" {
			models = s.destinations(prefix, m)
		}
	}
	return map[string]any{
		"inferenceProfileId": name, "inferenceProfileArn": "arn:aws:bedrock:" + s.catalogue.region + ":" + account + ":application-inference-profile/" + name,
		"inferenceProfileName": name, "description": "An application profile of the offline account.",
		"models": models, "status": "ACTIVE", "type": "APPLICATION", "createdAt": born, "updatedAt": born,
	}
}

// listProfiles lists system profiles that the region offers, or application profiles; the pages' token is a position.
func (s *Server) listProfiles(op operation) *reply {
	if e := checkQuery(op, map[string]*shape{
		"type":       enum("SYSTEM_DEFINED", "APPLICATION"),
		"maxResults": str(),
		"nextToken":  str().between(1, 2048),
		// The service model names the parameter "type"; older SDKs send typeEquals.
		"typeEquals": enum("SYSTEM_DEFINED", "APPLICATION"),
	}); e != nil {
		return e.reply()
	}
	sort := op.query.Get("type") + op.query.Get("typeEquals")
	var all []map[string]any
	if sort == "APPLICATION" {
		for _, a := range s.catalogue.apps {
			all = append(all, s.applicationProfile(a.name, a.model))
		}
	} else {
		for _, id := range slices.Sorted(maps.Keys(s.catalogue.profiles)) {
			if m := s.catalogue.profiles[id]; listed(m) && s.catalogue.serves(id) {
				all = append(all, s.systemProfile(id, m))
			}
		}
	}
	return page(op, all)
}

func page(op operation, all []map[string]any) *reply {
	size, start := 100, 0
	if v := op.query.Get("maxResults"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1000 {
			return invalid("1 validation error detected: Value '%s' at 'maxResults' failed to satisfy constraint: Member must have value between "+
				"1 and 1000", v).reply()
		}
		size = n
	}
	if v := op.query.Get("nextToken"); v != "" {
		b, err := base64.RawURLEncoding.DecodeString(v)
		n, err2 := strconv.Atoi(string(b))
		if err != nil || err2 != nil || n < 0 || n > len(all) {
			return invalid("The provided next token is invalid.").reply()
		}
		start = n
	}
	end := min(start+size, len(all))
	out := map[string]any{"inferenceProfileSummaries": append([]map[string]any{}, all[start:end]...)}
	if end < len(all) {
		out["nextToken"] = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return okJSON(marshal(out))
}

func (s *Server) getProfile(id string) *reply {
	if arn := arnForm.FindStringSubmatch(id); arn != nil {
		switch arn[4] {
		case "inference-profile":
			id = arn[5]
		case "application-inference-profile":
			t, e := s.catalogue.find(id)
			if e != nil {
				return e.reply()
			}
			return okJSON(marshal(s.applicationProfile(arn[5], t.model)))
		}
	}
	for _, a := range s.catalogue.apps {
		if a.name == id {
			return okJSON(marshal(s.applicationProfile(id, a.model)))
		}
	}
	m := s.catalogue.profiles[id]
	if m == nil || !listed(m) || !s.catalogue.serves(id) {
		return (&exception{name: "ResourceNotFoundException", message: "Inference profile not found: " + id}).reply()
	}
	return okJSON(marshal(s.systemProfile(id, m)))
}

func checkQuery(op operation, members map[string]*shape) *exception {
	values := map[string]any{}
	for k := range op.query {
		if members[k] != nil { // others are ignored, as by any AWS service
			values[k] = op.query.Get(k)
		}
	}
	return refusal(check(structure(members), values))
}
