package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Account is the AWS account that the offline Bedrock plays.
const Account = "123456789012"

// Model is one row of the model data file, with the few members that matter here. A nil flag means "not known": accept.
type Model struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Provider   string `json:"provider"`
	Family     string `json:"family"`
	Kind       string `json:"kind"`
	Status     string `json:"status"`
	Modalities struct {
		Input  []string `json:"input"`
		Output []string `json:"output"`
	} `json:"modalities"`
	Context    int   `json:"context"`
	MaxOutput  int   `json:"max_output"`
	Dimensions []int `json:"dimensions"`
	APIs       struct {
		Converse *bool `json:"converse"`
	} `json:"apis"`
	Features struct {
		System         *bool    `json:"system"`
		Documents      *bool    `json:"documents"`
		Vision         *bool    `json:"vision"`
		Video          *bool    `json:"video"`
		Audio          *bool    `json:"audio"`
		Streaming      *bool    `json:"streaming"`
		Tools          *bool    `json:"tools"`
		StreamingTools *bool    `json:"streaming_tools"`
		ToolChoice     []string `json:"tool_choice"` // nil: not known; empty: none is taken
	} `json:"features"`
	Caching struct {
		Explicit  *bool    `json:"explicit"`
		MinTokens int      `json:"min_tokens"`
		TTL       []string `json:"ttl"`
		Fields    []string `json:"fields"`
	} `json:"caching"`
	StructuredOutput *bool `json:"structured_output"`
	CountTokens      *bool `json:"count_tokens"`
	Inference        struct {
		ProfileIDs      []string `json:"profile_ids"`
		ProfileRequired *bool    `json:"profile_required"`
	} `json:"inference"`
	Lifecycle struct {
		Legacy string `json:"legacy"`
		EOL    string `json:"eol"`
	} `json:"lifecycle"`
	Sampling struct {
		Temperature *bool `json:"temperature"`
		TopP        *bool `json:"top_p"`
		Both        *bool `json:"both_together"`
	} `json:"sampling"`
	LeadingAssistantOK    *bool    `json:"leading_assistant_ok"`
	AssistantPrefill      *bool    `json:"assistant_prefill"`
	ToolResultMustBeAlone *bool    `json:"tool_result_must_be_alone"`
	ToolResultStatus      *bool    `json:"tool_result_status_field"`
	Unconfirmed           []string `json:"unconfirmed"`

	Traits Family `json:"-"`
}

// Denies tells whether the data file is sure that the model lacks something.
func Denies(flag *bool) bool { return flag != nil && !*flag }

// Affirms tells whether the data file is sure that the model has something.
func Affirms(flag *bool) bool { return flag != nil && *flag }

// Unsure tells whether the data file marks a member as not confirmed; such limits are not enforced.
func (m *Model) Unsure(member string) bool { return slices.Contains(m.Unconfirmed, member) }

// Catalogue is all that can be called, by id.
type Catalogue struct {
	Region   string
	Models   []*Model // in the order of the file
	ByID     map[string]*Model
	Profiles map[string]*Model // system profiles by id
	Apps     []application     // application profiles, in order
}

// application is an application inference profile of the offline account.
type application struct {
	Name  string
	Model *Model
}

// ReadCatalogue reads the model data file, as it is for a region.
func ReadCatalogue(data []byte, region string) (*Catalogue, error) {
	var file struct {
		Models []*Model `json:"models"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("model catalogue: %w", err)
	}
	if len(file.Models) == 0 {
		return nil, errors.New("model catalogue: no models in it")
	}
	c := &Catalogue{Region: region, Models: file.Models, ByID: map[string]*Model{}, Profiles: map[string]*Model{}}
	for _, m := range file.Models {
		m.Traits = familyOf(m.Family)
		c.ByID[m.ID] = m
		for _, id := range m.Inference.ProfileIDs {
			c.Profiles[id] = m
		}
		if m.Status != "eol" && m.Status != "gated" && (m.Kind == "chat" || m.Kind == "embed") {
			c.Apps = append(c.Apps, application{Name: applicationName(m.ID), Model: m})
		}
	}
	return c, nil
}

var (
	firstVersion = regexp.MustCompile(`(-v?[01])?:0$|-v1$`)
	versionPart  = regexp.MustCompile(`:[0-9]+$`)
	datePart     = regexp.MustCompile(`-20[0-9]{6}`)
)

// applicationName is the id of the application profile that the offline account has for a model: "app-" and the model's
// id without provider, date and first version: amazon.nova-lite-v1:0 has app-nova-lite, cohere.embed-v4:0 has
// app-embed-v4.
func applicationName(id string) string {
	_, name, _ := strings.Cut(id, ".")
	for _, part := range []*regexp.Regexp{firstVersion, versionPart, datePart} {
		name = part.ReplaceAllString(name, "")
	}
	return "app-" + strings.ReplaceAll(name, ".", "-")
}

// Target is what a model id, profile id or ARN of a request leads to.
type Target struct {
	Model  *Model
	ID     string // as asked, without a fault suffix
	Prompt bool   // a prompt management ARN
	Router bool   // a prompt router ARN
}

// BadIdentifier is what Bedrock says of an id that names nothing.
const BadIdentifier = "The provided model identifier is invalid."

// ArnForm is the form of ARNs that may stand in place of an id.
var ArnForm = regexp.MustCompile(`^arn:aws[a-z-]*:(bedrock|sagemaker):([a-z0-9-]*):([0-9]{12}|):([a-z-]+)/(.+)$`)

// Resolve finds the model behind an id and refuses what Bedrock refuses by identity alone [FACTS 2.11, 4.8].
func (c *Catalogue) Resolve(id string) (Target, *Exception) {
	t, e := c.Find(id)
	if e != nil {
		return t, e
	}
	switch t.Model.Status {
	case "eol":
		return t, &Exception{Name: "ResourceNotFoundException",
			Message: "This model version has reached the end of its life. " +
				"Please refer to the AWS documentation for more details."}
	case "gated":
		return t, ByName("AccessDeniedException")
	}
	if Affirms(t.Model.Inference.ProfileRequired) && (id == t.Model.ID || strings.Contains(id, ":foundation-model/")) {
		return t, Invalid("Invocation of model ID %s with on-demand throughput isn’t supported. Retry your request with "+
			"the ID or ARN "+
			"of an inference profile that contains this model.", id)
	}
	return t, nil
}

// Find gives what a bare id, a profile or an ARN leads to.
func (c *Catalogue) Find(id string) (Target, *Exception) {
	if arn := ArnForm.FindStringSubmatch(id); arn != nil {
		return c.findARN(id, arn[1], arn[2], arn[4], arn[5])
	}
	if m := c.ByID[id]; m != nil {
		return Target{Model: m, ID: id}, nil
	}
	if m := c.ByID[withoutContextSuffix(id)]; m != nil {
		return Target{Model: m, ID: id}, nil
	}
	if m := c.Profiles[id]; m != nil && c.Serves(id) {
		return Target{Model: m, ID: id}, nil
	}
	return Target{}, Invalid(BadIdentifier)
}

func (c *Catalogue) findARN(id, service, region, sort, name string) (Target, *Exception) {
	if region != "" && region != c.Region {
		return Target{}, Invalid(BadIdentifier)
	}
	switch {
	case sort == "foundation-model":
		if m := c.ByID[name]; m != nil {
			return Target{Model: m, ID: id}, nil
		}
	case sort == "inference-profile":
		if m := c.Profiles[name]; m != nil && c.Serves(name) {
			return Target{Model: m, ID: id}, nil
		}
	case strings.HasPrefix(name, "missing"):
		return Target{}, ByName("ResourceNotFoundException")
	case service == "sagemaker" && sort == "endpoint",
		slices.Contains([]string{"application-inference-profile", "provisioned-model", "custom-model", "imported-model",
			"custom-model-deployment", "prompt-router", "default-prompt-router", "prompt"}, sort):
		return Target{Model: c.behind(name), ID: id, Prompt: sort == "prompt",
			Router: strings.HasSuffix(sort, "prompt-router")}, nil
	}
	return Target{}, Invalid(BadIdentifier)
}

// behind gives the model of an application profile, and of the other resources of an account: the one whose application
// profile has the longest name that stands, with or without "app-", in the resource's name, and Claude Haiku 4.5 for an
// opaque name (as in the recorded profile 1arbu5hu2sjr).
func (c *Catalogue) behind(name string) *Model {
	best, length := c.ByID["anthropic.claude-haiku-4-5-20251001-v1:0"], 0
	for _, a := range c.Apps {
		bare := strings.TrimPrefix(a.Name, "app-")
		if a.Name == name {
			return a.Model
		}
		if len(bare) >= 5 && strings.Contains(name, bare) && len(bare) > length {
			best, length = a.Model, len(bare)
		}
	}
	if best == nil {
		best = c.Apps[0].Model
	}
	return best
}

// withoutContextSuffix cuts the context length of ids like provider.model-v1:0:200k.
func withoutContextSuffix(id string) string {
	if i := strings.LastIndexByte(id, ':'); i > 0 && strings.HasSuffix(id, "k") && strings.Count(id, ":") > 1 {
		return id[:i]
	}
	return id
}

// geographies tells which regions may use the profiles of a prefix [FACTS 4.8]: those that begin with one of the texts.
var geographies = map[string][]string{
	"us":     {"us-east", "us-west"},
	"us-gov": {"us-gov"},
	"eu":     {"eu-"},
	"apac":   {"ap-"},
	"jp":     {"ap-northeast-1", "ap-northeast-3"},
	"au":     {"ap-southeast-2", "ap-southeast-4"},
	"ca":     {"ca-"},
	"in":     {"ap-south-"},
	"global": {"us-east", "us-west", "eu-", "ap-", "ca-", "sa-", "me-", "il-", "af-", "mx-"},
}

// Serves tells whether the server's region offers a system profile.
func (c *Catalogue) Serves(profile string) bool {
	prefix, _, _ := strings.Cut(profile, ".")
	return slices.ContainsFunc(geographies[prefix], func(start string) bool { return strings.HasPrefix(c.Region, start) })
}
