package embed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

// embedFamilies is the one place that knows which models can be asked for embeddings, by the shape that the catalogue
// gives them. A new family is a file with its embedFamily and a row here.
var embedFamilies = map[catalog.EmbedShape]*embedFamily{
	catalog.EmbedTitan:      &titanText,
	catalog.EmbedTitanImage: &titanMultimodal,
	catalog.EmbedCohere:     &cohereEmbed3,
	catalog.EmbedCohere4:    &cohereEmbed4,
	catalog.EmbedNova:       &novaEmbed,
}

// embedFamily is how one family is asked and how it answers (FACTS 5). What differs within a family is in the rows of
// the catalogue: a model with a single size has no member for it.
type embedFamily struct {
	// call writes the body of one call for the first n of the texts, n being as many as one call may hold.
	call func(ask *embedAsk, texts []string) (body []byte, n int)
	// reply reads the answer to one call.
	reply func(r *embedReader) error

	inputTypes  map[string]string // the family's words for the values of input_type; nil: there is no such member
	truncations map[string]string // the same for truncate
	normalize   bool              // models with a choice of sizes take normalize
}

// embedAsk is what the calls of one request have in common. Unset members are left out of the bodies.
type embedAsk struct {
	dimensions          int64
	inputType, truncate string
	normalize           *bool
}

// embedChoice is the values of an extension member, and the one that counts where the client gives none.
type embedChoice struct {
	unasked string
	values  []string
}

var (
	// R-EMB-11
	embedInputTypes = embedChoice{"search_document", []string{"search_document", "search_query", "classification",
		"clustering"}}
	// R-EMB-12
	embedTruncations = embedChoice{"none", []string{"none", "start", "end"}}
)

const maxEmbedItems = 2048 // OpenAI's limit (R-EMB-01)

// Context is what the way back must know of the way in.
type Context struct {
	Adjusted translate.Adjustments // what was adjusted on the way in

	// Shape is what decides on a vector beside the model and the text. It is the same for requests that ask in other
	// words for the same.
	Shape string

	family *embedFamily
	base64 bool
	single bool  // input was no list of items, so its path has no index
	asked  []int // the items that the calls are for, by place in the request; nil for all
	sizes  []int // of the texts asked for, in bytes
	starts []int // the first of the items asked for of each call, then their number
}

// Inputs gives the calls that answer the request, each with a part of the items, in order of the items. Running them
// side by side is the caller's business. There are no calls for items that are known already (R-EMB-17). The error is
// always an *openai.Error.
func Inputs(req *openai.EmbeddingRequest, t catalog.Target,
	o translate.Options) ([]*bedrockruntime.InvokeModelInput, Context, error) {
	family, err := embedFamilyOf(req, t.Row)
	if err == nil {
		err = embedRefused(req, o)
	}
	c := Context{family: family, single: req.Input.Single}
	var texts []string
	if err == nil {
		texts, err = embedTexts(&req.Input)
	}
	var ask embedAsk
	if err == nil {
		ask, err = c.ask(req, t.Row, o)
	}
	if err == nil && o.Strict {
		err = c.Adjusted.StrictFault()
	}
	if err != nil {
		return nil, c, err // err is an *openai.Error that is not nil
	}
	c.Shape = ask.shape()
	return c.calls(&ask, c.unknown(texts, o.Known), &t), c, nil
}

// unknown gives the texts that have to be asked for.
func (c *Context) unknown(texts []string, known []bool) []string {
	if known != nil {
		c.asked = []int{}
		var rest []string
		for i, s := range texts {
			if !known[i] {
				c.asked, rest = append(c.asked, i), append(rest, s)
			}
		}
		texts = rest
	}
	for _, s := range texts {
		c.sizes = append(c.sizes, len(s))
	}
	return texts
}

func (ask *embedAsk) shape() string {
	normalize := ""
	if ask.normalize != nil {
		normalize = strconv.FormatBool(*ask.normalize)
	}
	return strings.Join([]string{strconv.FormatInt(ask.dimensions, 10), ask.inputType, ask.truncate, normalize}, " ")
}

func (c *Context) calls(ask *embedAsk, texts []string, t *catalog.Target) []*bedrockruntime.InvokeModelInput {
	var calls []*bedrockruntime.InvokeModelInput
	for first := 0; first < len(texts); {
		body, n := c.family.call(ask, texts[first:])
		calls = append(calls, &bedrockruntime.InvokeModelInput{
			ModelId: &t.CalledID, Body: body, Accept: aws.String("application/json"),
			ContentType: aws.String("application/json"),
			ServiceTier: types.ServiceTierType(t.ServiceTier), // the target's own: OpenAI's embedding requests have none
		})
		c.starts = append(c.starts, first)
		first += n
	}
	c.starts = append(c.starts, len(texts))
	return calls
}

// embedFamilyOf finds the family, or says why the model cannot be asked (R-CAP-08).
func embedFamilyOf(req *openai.EmbeddingRequest, row *catalog.Model) (*embedFamily, *openai.Error) {
	family := embedFamilies[row.EmbedShape]
	if row.Kind == catalog.Embed && family != nil {
		return family, nil
	}
	err := openai.ModelNotFound(req.Model)
	switch row.Kind {
	case catalog.Chat:
		err.Message = fmt.Sprintf("The model `%s` is a chat model. Use it with /v1/chat/completions.", req.Model)
	case catalog.Embed:
		err.Message = fmt.Sprintf("The model `%s` has no embeddings that can be asked for through this endpoint.", req.Model)
	default:
		err.Message = fmt.Sprintf("The model `%s` is not known as an embedding model.", req.Model)
	}
	return nil, err
}

// embedRefused refuses what can be part of no embedding request.
func embedRefused(req *openai.EmbeddingRequest, o translate.Options) *openai.Error {
	if top := req.Unknown().Top; len(top) > 0 {
		return openai.Invalidf(openai.CodeUnknownParameter, top[0], "Unknown parameter: '%s'.", top[0])
	}
	if o.Guardrail != (translate.Guardrail{}) {
		// A safety control that was asked for is never ignored. The gateway's own default is for texts that models
		// write.
		return openai.Invalidf(openai.CodeUnsupported, "guardrail_config",
			"A guardrail cannot be applied to embeddings.")
	}
	return nil
}

// embedTexts gives the items as texts (R-EMB-01, R-EMB-02).
func embedTexts(in *openai.EmbeddingInput) ([]string, *openai.Error) {
	switch n := in.Len(); {
	case !in.Given:
		return nil, openai.Invalidf(openai.CodeMissing, "input", "Missing required parameter: 'input'.")
	case n == 0:
		return nil, openai.Invalidf(openai.CodeEmptyArray, "input",
			"Invalid 'input': an empty array was given, where at least one item is needed.")
	case n > maxEmbedItems:
		return nil, openai.Invalidf(openai.CodeArrayAboveMax, "input",
			"Invalid 'input': array too long. Expected an array with at most %d items, but got one with %d.", maxEmbedItems, n)
	}
	if in.Tokens != nil {
		return tokenTexts(in)
	}
	if i := slices.Index(in.Texts, ""); i >= 0 {
		return nil, openai.Invalidf(openai.CodeInvalidValue, in.Path(i),
			"Invalid value for '%s': the text is empty.", in.Path(i))
	}
	return in.Texts, nil
}

// ask judges the members beside input against the model.
func (c *Context) ask(req *openai.EmbeddingRequest, row *catalog.Model,
	o translate.Options) (ask embedAsk, err *openai.Error) {
	if c.base64, err = wantsBase64(req.EncodingFormat); err != nil {
		return ask, err
	}
	if ask.dimensions, err = embedDimensions(req.Dimensions, row.Dimensions); err != nil {
		return ask, err
	}
	inputTypes := embedInputTypes
	if o.InputType != "" {
		inputTypes.unasked = o.InputType
	}
	if ask.inputType, err = c.word("input_type", req.InputType, inputTypes, c.family.inputTypes); err != nil {
		return ask, err
	}
	if ask.truncate, err = c.word("truncate", req.Truncate, embedTruncations, c.family.truncations); err != nil {
		return ask, err
	}
	switch {
	case req.Normalize == nil:
	case c.family.normalize && len(row.Dimensions) != 1:
		ask.normalize = req.Normalize
	default:
		c.Adjusted.Add("normalize", "unsupported")
	}
	return ask, nil
}

func wantsBase64(format *string) (bool, *openai.Error) {
	switch {
	case format == nil || *format == "float":
		return false, nil
	case *format == "base64":
		return true, nil
	}
	return false, openai.Invalidf(openai.CodeInvalidValue, "encoding_format",
		"Invalid value: '%s'. Supported values are: 'float' and 'base64'.", *format)
}

// embedDimensions gives what to send, 0 for nothing (R-EMB-09). Without known choices Bedrock judges (R-CAP-06).
func embedDimensions(asked *int64, choices []int) (int64, *openai.Error) {
	switch {
	case asked == nil:
		return 0, nil
	case *asked < 1:
		return 0, openai.Invalidf(openai.CodeIntegerBelowMin, "dimensions",
			"Invalid 'dimensions': integer below minimum value. Expected a value >= 1, but got %d instead.", *asked)
	case len(choices) > 0 && !slices.Contains(choices, int(*asked)):
		list := make([]string, len(choices))
		for i, n := range choices {
			list[i] = strconv.Itoa(n)
		}
		return 0, openai.Invalidf(openai.CodeInvalidValue, "dimensions",
			"Invalid value for 'dimensions': %d. The model offers: %s.", *asked, strings.Join(list, ", "))
	case len(choices) == 1:
		return 0, nil
	}
	return *asked, nil
}

// word gives the family's word for the value of an extension member, or for the default when the client gave none; ""
// when the family has no word for it, which is an adjustment if the client asked.
func (c *Context) word(param string, given *string, among embedChoice,
	words map[string]string) (string, *openai.Error) {
	value := among.unasked
	if given != nil {
		value = strings.ToLower(*given)
		if !slices.Contains(among.values, value) {
			return "", openai.Invalidf(openai.CodeInvalidValue, param,
				"Invalid value: '%s'. Supported values are: '%s'.", *given, strings.Join(among.values, "', '"))
		}
	}
	word, ok := words[value]
	if !ok && given != nil {
		c.Adjusted.Add(param, "unsupported")
	}
	return word, nil
}
