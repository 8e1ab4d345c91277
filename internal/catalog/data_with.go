package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
)

// DataWith is [Data] with rows for the models of a configuration, so that the embedded Bedrock knows what the gateway
// has been told. A row begins as that of Like, else as the model's own, else as nothing but its kind; of an override it
// takes what the data has a member for: what a Bedrock judges by.
func DataWith(overrides map[string]Override) ([]byte, error) {
	if len(overrides) == 0 {
		return data, nil
	}
	var file struct {
		Models []map[string]json.RawMessage `json:"models"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("model data: %w", err)
	}
	byID := map[string]map[string]json.RawMessage{}
	for _, row := range file.Models {
		var id string
		if err := json.Unmarshal(row["id"], &id); err != nil {
			return nil, fmt.Errorf("model data: %w", err)
		}
		byID[id] = row
	}
	for id, o := range overrides {
		own := byID[id]
		begun := own
		if o.Like != "" {
			begun = byID[o.Like]
		}
		row, err := o.row(id, begun)
		if err != nil {
			return nil, err
		}
		if own == nil {
			file.Models = append(file.Models, row)
			continue
		}
		clear(own)
		maps.Copy(own, row)
	}
	return json.Marshal(file)
}

// row is a row of the data: the one that it begins with, and what the override says.
func (o *Override) row(id string, begun map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	row := map[string]json.RawMessage{}
	maps.Copy(row, begun)
	inference, features := map[string]any{}, map[string]any{}
	for member, into := range map[string]map[string]any{"inference": inference, "features": features} {
		if text := row[member]; text != nil {
			if err := json.Unmarshal(text, &into); err != nil {
				return nil, fmt.Errorf("model data, %s: %w", member, err)
			}
		}
	}
	set := map[string]any{"id": id, "status": "active"}
	if o.Like != "" || begun == nil {
		inference = map[string]any{} // profiles are each model's own
	}
	if o.Profiles != nil {
		inference["profile_ids"] = o.Profiles
	}
	if o.ProfileRequired != nil {
		inference["profile_required"] = *o.ProfileRequired
	}
	said, err := o.Capabilities.members()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"streaming", "system", "tools", "streaming_tools", "tool_choice",
		"documents", "vision", "video", "audio"} {
		if value, is := said[name]; is {
			features[name] = value
		}
	}
	if value, is := said["structured_output"]; is {
		set["structured_output"] = value
	}
	set["inference"], set["features"] = inference, features
	for name, given := range map[string]struct {
		value any
		is    bool
	}{
		"name": {o.Name, o.Name != ""}, "kind": {string(o.Kind), o.Kind != ""}, "context": {o.Context, o.Context > 0},
		"max_output": {o.MaxOutput, o.MaxOutput > 0}, "dimensions": {o.Dimensions, o.Dimensions != nil},
	} {
		if given.is {
			set[name] = given.value
		}
	}
	if o.Converse != nil {
		set["apis"] = map[string]any{"converse": *o.Converse}
	}
	for name, value := range set {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		row[name] = text
	}
	return row, nil
}

// members are the facts that are said, as members of the data.
func (f *CapabilityFacts) members() (map[string]json.RawMessage, error) {
	var said map[string]json.RawMessage
	text, err := json.Marshal(f)
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	maps.DeleteFunc(said, func(_ string, value json.RawMessage) bool { return string(value) == "null" })
	return said, err
}
