package translate

// Meta is what an answer carries that translation may not invent.
type Meta struct {
	ID          string // "chatcmpl-…"
	Model       string // the public name that served
	Created     int64  // seconds
	Fingerprint string // "fp_…"
}

// Options are the settings of the gateway and of the call that rules read. The zero value is the default of each.
type Options struct {
	Strict           bool      // R-GEN-04: an adjustment is a 400
	Guardrail        Guardrail // from the request's headers (R-GRD-01)
	DefaultGuardrail Guardrail // the gateway's own
}

// Guardrail names a guardrail; the zero value is none.
type Guardrail struct{ Identifier, Version, Trace string }

// Context is what the way back must know of the way in.
type Context struct {
	Format    string            // reasoning_details.format: "bedrock." + the family's short name
	Names     map[string]string // tool name on the Bedrock side → the client's, for names that had to change (R-TOOL-02)
	Functions bool              // the client used the legacy functions: reply with function_call
	OneCall   bool              // parallel_tool_calls: false, later calls are dropped (R-CHO-08)
	Trace     bool              // the client asked for the guardrail's trace (R-GRD-05)
	Adjusted  Adjustments       // what was adjusted on the way in

	Limit string // "max_completion_tokens" or "max_tokens", whichever the client used
	Image string // path of the first image part, "" without one
	File  string // path of the first file part
}
