package pipeline

import (
	"context"
	"slices"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router"
	"outcrop/translate"
)

// Leads tells where the name of a model can lead, whatever the request needs.
type Leads func(name string) []router.Plan

// Permit holds a request to the rights of its key: the model that it asks for, extension members, the guardrail and the
// token limit. It stands outside Route, so that a model which the key may not use is refused before anything about it
// could show in the answer (R-ERR-63).
func Permit(leads Leads) call.Stage {
	return func(next call.Handler) call.Handler {
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			if r := c.Principal.Rights; r != nil {
				if err := permit(c, r, leads); err != nil {
					return call.Reply{}, err
				}
			}
			return next(ctx, c)
		}
	}
}

func permit(c *call.Call, r *access.Rights, leads Leads) error {
	if asked := c.Request.Facts().Model; leads != nil && !mayAsk(r, asked, leads(asked)) {
		return openai.ModelNotFound(asked)
	}
	if name := forbiddenExtension(c, r); name != "" {
		return &openai.Error{Kind: openai.Forbidden, Code: "parameter_not_allowed", Param: name,
			Message: "This API key may not be used with the parameter '" + name + "'."}
	}
	if r.Guardrail != nil {
		if err := demand(c, translate.Guardrail{Identifier: r.Guardrail.Identifier,
			Version: r.Guardrail.Version}); err != nil {
			return err
		}
	}
	c.Options.MaxTokens = r.MaxTokens
	return nil
}

// forbiddenExtension is the first extension member of the request that the key may not use. A guardrail that a header
// names is one too.
func forbiddenExtension(c *call.Call, r *access.Rights) string {
	if r.Extensions == nil {
		return ""
	}
	given := c.Request.Facts().Extensions
	if c.Options.Guardrail != (translate.Guardrail{}) {
		given = append(given, "guardrail_config")
	}
	if i := slices.IndexFunc(given, func(name string) bool { return !r.AllowsExtension(name) }); i >= 0 {
		return given[i]
	}
	return ""
}

// demand gives the request the guardrail that its key makes mandatory. One that names another is refused, also one that
// would have it work beside the stream, where text is out before it was checked (R-GRD-02). Half a name is left for the
// translation to refuse.
func demand(c *call.Call, must translate.Guardrail) error {
	refused := func(path string) error {
		return &openai.Error{Kind: openai.Forbidden, Code: "guardrail_required", Param: path,
			Message: "This API key prescribes a guardrail, which a request cannot replace."}
	}
	another := func(identifier, version string) bool {
		return identifier != "" && identifier != must.Identifier || version != "" && version != must.Version
	}
	if another(c.Options.Guardrail.Identifier, c.Options.Guardrail.Version) {
		return refused("")
	}
	if own := c.Request.Facts().Guardrail; own != nil {
		if another(own.Identifier, own.Version) {
			return refused(own.Member)
		}
		if own.StreamProcessingMode == "async" {
			return refused(own.Member + ".stream_processing_mode")
		}
	}
	c.Options.DefaultGuardrail = must
	return nil
}

// Narrow leaves those targets of the plan that the key may use. It stands right inside Route.
func Narrow(next call.Handler) call.Handler {
	return func(ctx context.Context, c *call.Call) (call.Reply, error) {
		r := c.Principal.Rights
		if !r.ByModel() {
			return next(ctx, c)
		}
		asked := c.Request.Facts().Model
		may := func(t catalog.Target) bool { return mayUse(r, asked, c.Plan.Tier, knownID(t)) }
		if !slices.ContainsFunc(c.Plan.Targets, may) {
			c.Plan = router.Plan{} // it would show in the headers of the answer
			return call.Reply{}, openai.ModelNotFound(asked)
		}
		if !allOf(c.Plan.Targets, may) { // plans are shared
			c.Plan.Targets = slices.DeleteFunc(slices.Clone(c.Plan.Targets), func(t catalog.Target) bool { return !may(t) })
		}
		return next(ctx, c)
	}
}

// mayAsk tells whether a key with these rights may ask for a name that leads to the plans.
func mayAsk(r *access.Rights, asked string, plans []router.Plan) bool {
	if !r.ByModel() {
		return true
	}
	return slices.ContainsFunc(plans, func(p router.Plan) bool {
		return slices.ContainsFunc(p.Targets, func(t catalog.Target) bool { return mayUse(r, asked, p.Tier, knownID(t)) })
	})
}

// mayUse tells whether a key with these rights may be served by a model when it has asked for a name. model is its
// catalogue id, "" where nobody knows it; tier is the tier that it serves for, "" where the name led to it directly.
// The tier must be allowed, and of name and model one; a key for tiers alone may use all targets of those, and nothing
// else.
func mayUse(r *access.Rights, asked, tier, model string) bool {
	if !r.ByModel() {
		return true
	}
	if tier != "" {
		if !r.AllowsTier(tier) {
			return false
		}
		if len(r.Models) == 0 {
			return true
		}
	}
	return r.AllowsModel(asked) || model != "" && r.AllowsModel(model)
}

// knownID is the catalogue's id of a target, "" where the row was made up of what a client had named.
func knownID(t catalog.Target) string {
	if !t.Row.Known {
		return ""
	}
	return t.Row.ID
}

func allOf(targets []catalog.Target, is func(catalog.Target) bool) bool {
	return !slices.ContainsFunc(targets, func(t catalog.Target) bool { return !is(t) })
}
