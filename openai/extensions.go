package openai

// extensions lists the extension members at the top of the request (TRANSLATION 1.3), in OpenAI's spelling.
func (r *ChatRequest) extensions() []string {
	var names []string
	for _, x := range [...]struct {
		given bool
		name  string
	}{
		{r.TopK != nil, "top_k"},
		{r.Thinking != nil, "thinking"},
		{r.AdditionalModelRequestFields != nil, "additional_model_request_fields"},
		{r.AdditionalModelResponseFieldPaths != nil, "additional_model_response_field_paths"},
		{r.GuardrailConfig != nil, "guardrail_config"},
		{r.PerformanceConfig != nil, "performance_config"},
		{r.RequestMetadata != nil, "request_metadata"},
		{r.PromptVariables != nil, "prompt_variables"},
	} {
		if x.given {
			names = append(names, x.name)
		}
	}
	return names
}

// extensions lists the extension members of the request (R-EMB-11, -12, -14).
func (r *EmbeddingRequest) extensions() []string {
	var names []string
	for _, x := range [...]struct {
		given bool
		name  string
	}{{r.InputType != nil, "input_type"}, {r.Truncate != nil, "truncate"}, {r.Normalize != nil, "normalize"}} {
		if x.given {
			names = append(names, x.name)
		}
	}
	return names
}
