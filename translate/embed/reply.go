package embed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"outcrop/openai"
	"outcrop/translate"
)

// Reply is the answer to one call.
type Reply struct {
	Body        []byte // of the InvokeModel answer; the response keeps slices of it
	InputTokens int64  // header x-amzn-bedrock-input-token-count, -1 when absent
}

// Output joins the answers to the calls of Inputs, in the order of the calls: the data are those of the items asked
// for. The error is always an *openai.Error.
func Output(outs []Reply, in *Context, m translate.Meta) (*openai.EmbeddingResponse, error) {
	if len(outs) != len(in.starts)-1 {
		return nil, &openai.Error{Kind: openai.Internal, Message: "internal error",
			Err: fmt.Errorf("%d answers to %d embedding calls", len(outs), len(in.starts)-1)}
	}
	resp := &openai.EmbeddingResponse{Model: m.Model, Data: make([]openai.Embedding, 0, in.starts[len(outs)])}
	var pack vectorPacker
	for call, out := range outs {
		r := newEmbedReader(out)
		err := r.read(in.family)
		first, n := in.Items(call)
		if err == nil && len(r.vectors) != n {
			err = fmt.Errorf("%d vectors for %d items", len(r.vectors), n)
		}
		tokens := max(r.tokens, 0)
		for i := 0; err == nil && i < len(r.vectors); i++ {
			var e openai.Embedding
			if in.base64 {
				e.Base64, err = pack.base64(r.vectors[i])
			} else {
				e.Floats, err = r.vectors[i], onlyNumbers(r.vectors[i])
			}
			e.Tokens = share(tokens, in.sizes[first:first+n], i)
			resp.Data = append(resp.Data, e)
		}
		if err != nil {
			return nil, &openai.Error{Kind: openai.BadUpstream, Code: openai.CodeBadUpstream,
				Message: "The model's answer could not be read.", Err: fmt.Errorf("embedding call %d: %w", call, err)}
		}
		resp.Usage.Prompt += tokens
	}
	return resp, nil
}

// share is the part of a call's tokens that falls to its item i, by the sizes of the texts. The parts of all items
// add up to the whole; a call with one item needs no estimate.
func share(tokens int64, sizes []int, i int) int64 {
	var before, all int64
	for j, n := range sizes {
		if j < i {
			before += int64(n)
		}
		all += int64(n)
	}
	if all == 0 {
		return 0
	}
	return tokens*(before+int64(sizes[i]))/all - tokens*before/all
}

// embedReader walks over the body of one answer and collects its vectors and its token count. Members that nobody
// asks for are skipped (R-GEN-10).
type embedReader struct {
	dec     *jsontext.Decoder
	vectors []jsontext.Value // JSON arrays, slices of the body
	tokens  int64
}

func newEmbedReader(out Reply) *embedReader {
	return &embedReader{
		dec: jsontext.NewDecoder(bytes.NewBuffer(out.Body), jsontext.AllowDuplicateNames(true),
			jsontext.AllowInvalidUTF8(true)),
		tokens: out.InputTokens,
	}
}

// read reads the whole body, which must be one JSON value.
func (r *embedReader) read(family *embedFamily) error {
	if err := family.reply(r); err != nil {
		return err
	}
	if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("text after the answer: %w", err)
	}
	return nil
}

// members calls f with the name of each member of the object that comes next; f must read or skip its value. A null
// is as good as an empty object.
func (r *embedReader) members(f func(name string) error) error {
	if ok, err := r.open('{'); !ok {
		return err
	}
	for r.dec.PeekKind() != '}' {
		name, err := r.dec.ReadToken()
		if err != nil {
			return err
		}
		if err := f(name.String()); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// member calls f for the one member of the object that comes next.
func (r *embedReader) member(wanted string, f func() error) error {
	return r.members(func(name string) error {
		if name == wanted {
			return f()
		}
		return r.dec.SkipValue()
	})
}

// items calls f for each element of the array that comes next.
func (r *embedReader) items(f func() error) error {
	if ok, err := r.open('['); !ok {
		return err
	}
	for r.dec.PeekKind() != ']' {
		if err := f(); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// open reads the bracket; it tells whether there was one. A null is read over.
func (r *embedReader) open(kind jsontext.Kind) (bool, error) {
	token, err := r.dec.ReadToken()
	switch {
	case err != nil:
		return false, err
	case token.Kind() == 'n':
		return false, nil
	case token.Kind() != kind:
		return false, fmt.Errorf("%s where %q belongs", token.Kind(), rune(kind))
	}
	return true, nil
}

// array keeps the array that comes next; nil for null.
func (r *embedReader) array() (jsontext.Value, error) {
	v, err := r.dec.ReadValue()
	switch {
	case err != nil:
		return nil, err
	case v.Kind() == 'n':
		return nil, nil
	case v.Kind() != '[':
		return nil, fmt.Errorf("%s where a vector belongs", v.Kind())
	}
	return v, nil
}

// vector collects the array that comes next.
func (r *embedReader) vector() error {
	v, err := r.array()
	if v != nil {
		r.vectors = append(r.vectors, v)
	}
	return err
}

// vectorList collects an array of them.
func (r *embedReader) vectorList() error { return r.items(r.vector) }

// count reads the body's own token count, which is preferred to the header (R-EMB-08).
func (r *embedReader) count() error {
	v, err := r.dec.ReadValue()
	if err != nil {
		return err
	}
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		r.tokens = n
	}
	return nil
}

// onlyNumbers checks a vector that is passed on as it is. It is valid JSON already, so without quotes, letters of
// literals and brackets inside it can only hold numbers.
func onlyNumbers(v jsontext.Value) error {
	digits := false
	for _, c := range v[1 : len(v)-1] {
		switch {
		case c >= '0' && c <= '9':
			digits = true
		case c == ',' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E' || c <= ' ':
		default:
			return errors.New("a vector holds something else than numbers")
		}
	}
	if !digits {
		return errors.New("a vector is empty")
	}
	return nil
}
