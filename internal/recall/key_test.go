package recall

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/openai"
	"outcrop/router"
	"outcrop/translate"
)

// keyed is a chat call as it comes to Recall.
func keyed(req *openai.ChatRequest) *call.Call {
	return &call.Call{Endpoint: chatting, Request: req, Principal: access.Principal{Tenant: "t"},
		Plan: router.Plan{Targets: []catalog.Target{{Row: &catalog.Model{ID: "m"}, CalledID: "us.m", Public: "m"}}}}
}

// fill gives every exported field below v a value, lists two entries.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Spelling" { // says nothing that is not in the others
				fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value)
		v.SetMapIndex(reflect.ValueOf("a"), value)
	case reflect.String:
		v.SetString("a")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint('a')
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(0.5)
	default:
		panic("no value for a " + v.Type().String())
	}
}

// change calls try with every exported field below v changed in turn, and once with every pointer, list and map gone.
func change(v reflect.Value, path string, try func(path string)) {
	old := reflect.ValueOf(v.Interface())
	set := func(to any) {
		v.Set(reflect.ValueOf(to).Convert(v.Type()))
		try(path)
		v.Set(old)
	}
	gone := func() {
		v.SetZero()
		try(path)
		v.Set(old)
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Spelling" {
				change(v.Field(i), path+"."+f.Name, try)
			}
		}
	case reflect.Pointer:
		gone()
		change(v.Elem(), path, try)
	case reflect.Slice:
		gone()
		if v.Type().Elem().Kind() == reflect.Uint8 {
			set([]byte("ab"))
			return
		}
		short := v.Slice(0, 1)
		v.Set(short)
		try(path)
		v.Set(old)
		for i := range v.Len() {
			change(v.Index(i), path, try)
		}
	case reflect.Map:
		gone()
		if v.Type().Elem().Kind() == reflect.String {
			set(map[string]string{"b": "a"})
			set(map[string]string{"a": "b"})
			set(map[string]string{"a": "a", "b": "a"})
		}
	case reflect.String:
		set("b")
		set("")
	case reflect.Bool:
		set(false)
	case reflect.Int, reflect.Int64:
		set(2)
	case reflect.Float64:
		set(0.25)
	}
}

func TestEveryFieldIsInTheKey(t *testing.T) {
	req := &openai.ChatRequest{}
	fill(reflect.ValueOf(req).Elem())
	call := keyed(req)
	fill(reflect.ValueOf(&call.Options).Elem())
	call.Options.Media = nil
	keys := newKeyer()
	was := keys.chat(call)
	if keys.chat(call) != was {
		t.Fatal("the key of one request changes by itself")
	}
	tried := 0
	same := map[string]bool{}
	try := func(path string) {
		tried++
		if keys.chat(call) == was {
			same[path] = true
		}
	}
	change(reflect.ValueOf(req).Elem(), "ChatRequest", try)
	change(reflect.ValueOf(&call.Options).Elem(), "Options", try)
	if tried < 200 {
		t.Errorf("only %d changes were tried", tried)
	}
	// Nothing else may be left out without a reason in notInKeys.
	without := []string{
		"ChatRequest.Stream", "ChatRequest.StreamOptions", "ChatRequest.StreamOptions.IncludeUsage",
		"ChatRequest.StreamOptions.IncludeObfuscation",
		"ChatRequest.Tools.Raw", "ChatRequest.Tools.Function.Raw", "ChatRequest.Functions.Raw", "Options.Media",
		"Options.Known",
	}
	for path := range same {
		if !slices.Contains(without, path) {
			t.Errorf("%s changes, and the key does not", path)
		}
	}
	for _, path := range without {
		if !same[path] {
			t.Errorf("%s changes the key, although it changes no answer", path)
		}
	}
}

func TestKeyOfChat(t *testing.T) {
	decoded := func(body string) *openai.ChatRequest {
		req, err := openai.DecodeChat([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	keys := newKeyer()
	image := func(url string) string {
		return `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"` + url + `"}}]}]}`
	}
	const plain = `{"model":"m","temperature":0,"messages":[{"role":"user","content":"hi"}]}`
	base := func() *call.Call { return keyed(decoded(plain)) }
	was := keys.chat(base())
	differ := map[string]func(c *call.Call){
		"endpoint":       func(c *call.Call) { c.Endpoint = embedding },
		"tenant":         func(c *call.Call) { c.Principal.Tenant = "u" },
		"no tenant":      func(c *call.Call) { c.Principal = access.Principal{Key: "t"} },
		"called id":      func(c *call.Call) { c.Plan.Targets[0].CalledID = "eu.m" },
		"region":         func(c *call.Call) { c.Plan.Targets[0].Region = "eu-west-1" },
		"role":           func(c *call.Call) { c.Plan.Targets[0].Role = "r" },
		"tier of target": func(c *call.Call) { c.Plan.Targets[0].ServiceTier = "flex" },
		"row":            func(c *call.Call) { c.Plan.Targets[0].Row = &catalog.Model{ID: "n"} },
		"strict":         func(c *call.Call) { c.Options.Strict = true },
		"guardrail":      func(c *call.Call) { c.Options.Guardrail = translate.Guardrail{Identifier: "g", Version: "1"} },
		"default": func(c *call.Call) {
			c.Options.DefaultGuardrail = translate.Guardrail{Identifier: "g",
				Version: "1"}
		},
		"unknown member": func(c *call.Call) { c.Request = decoded(strings.Replace(plain, "{", `{"zzz":1,`, 1)) },
		"unknown below":  func(c *call.Call) { c.Request = decoded(strings.Replace(plain, `"role"`, `"zzz":1,"role"`, 1)) },
		"text":           func(c *call.Call) { c.Request = decoded(strings.Replace(plain, "hi", "ho", 1)) },
		"temperature":    func(c *call.Call) { c.Request = decoded(strings.Replace(plain, `"temperature":0,`, "", 1)) },
		"text into parts": func(c *call.Call) {
			c.Request = decoded(strings.Replace(plain, `"hi"`, `[{"type":"text","text":"hi"}]`, 1))
		},
	}
	for name, f := range differ {
		c := base()
		f(c)
		if keys.chat(c) == was {
			t.Errorf("the key is the same: %s", name)
		}
	}
	for name, body := range map[string]string{
		"stream":      strings.Replace(plain, "{", `{"stream":true,"stream_options":{"include_usage":true},`, 1),
		"order":       `{"messages":[{"content":"hi","role":"user"}],"temperature":0.0,"model":"m"}`,
		"null member": strings.Replace(plain, "{", `{"seed":null,`, 1),
	} {
		if keys.chat(keyed(decoded(body))) != was {
			t.Errorf("the key is another: %s", name)
		}
	}
	second := base()
	second.Plan.Targets = append(second.Plan.Targets, catalog.Target{Row: &catalog.Model{ID: "n"}})
	if keys.chat(second) != was {
		t.Error("the second target changes the key")
	}

	fetched := func(url, data, typ string) key {
		c := keyed(decoded(image(url)))
		c.Media = media.Set{url: {Data: []byte(data), Type: typ}}
		return keys.chat(c)
	}
	one := fetched("https://a.example/x?sig=1", "bytes", "image/png")
	if fetched("https://a.example/x?sig=2", "bytes", "image/png") != one {
		t.Error("the same bytes behind another URL have another key")
	}
	if fetched("https://a.example/x?sig=1", "other", "image/png") == one ||
		fetched("https://a.example/x?sig=1", "bytes", "image/gif") == one {
		t.Error("other bytes behind the same URL have the same key")
	}
	if keys.chat(keyed(decoded(image("data:image/png;base64,AAAA")))) == keys.chat(
		keyed(decoded(image("data:image/png;base64,AAAB")))) {
		t.Error("other inline bytes have the same key")
	}
}

// TestKeysDoNotRunTogether: what stands in two members must not look like what stands in one.
func TestKeysDoNotRunTogether(t *testing.T) {
	keys := newKeyer()
	seen := map[key]string{}
	for _, req := range []*openai.ChatRequest{
		{Messages: []openai.Message{{Role: "user", Content: &openai.Content{Text: "ab"}}}},
		{Messages: []openai.Message{{Role: "usera", Content: &openai.Content{Text: "b"}}}},
		{Messages: []openai.Message{{Role: "user"}, {Content: &openai.Content{Text: "ab"}}}},
		{Stop: []string{"a", "b"}}, {Stop: []string{"ab"}}, {Stop: []string{"ab", ""}}, {Stop: []string{}}, {},
		{User: new(string)}, {SafetyIdentifier: new(string)},
		{Metadata: map[string]string{"a": "b"}}, {RequestMetadata: map[string]string{"a": "b"}},
		{Metadata: map[string]string{}},
	} {
		k := keys.chat(keyed(req))
		if other, ok := seen[k]; ok {
			t.Errorf("%+v has the key of %s", req, other)
		}
		seen[k] = fmt.Sprintf("%+v", req)
	}
}

func TestLongTextsInKeys(t *testing.T) {
	keys := newKeyer()
	seen := map[key]bool{}
	for n := 4000; n < 4200; n++ { // around the size of the buffer
		seen[keys.chat(keyed(&openai.ChatRequest{Model: strings.Repeat("x", n), User: new(string)}))] = true
	}
	if len(seen) != 200 {
		t.Errorf("%d keys of 200 texts", len(seen))
	}
}

func TestKeyOfVectors(t *testing.T) {
	keys := newKeyer()
	own := func(change func(c *call.Call, r *openai.EmbeddingRequest)) (item, all key) {
		r := &openai.EmbeddingRequest{Model: "m", Input: openai.EmbeddingInput{Texts: []string{"a"}, Given: true}}
		c := keyed(nil)
		c.Endpoint, c.Request = embedding, r
		change(c, r)
		items, all := keys.vectors(c, r.Input.Texts, "0 search_document")
		return items[0], all
	}
	base64, user := "base64", "u"
	was, all := own(func(*call.Call, *openai.EmbeddingRequest) {})
	if same, other := own(func(_ *call.Call, r *openai.EmbeddingRequest) { r.EncodingFormat = &base64 }); same != was ||
		other == all {
		t.Error("R-EMB-17 the encoding changes the vector's key, or not that of the answer")
	}
	if same, _ := own(func(_ *call.Call, r *openai.EmbeddingRequest) { r.User = &user }); same != was {
		t.Error("R-EMB-17 the end user changes the key of a vector")
	}
	if same, other := own(func(_ *call.Call, r *openai.EmbeddingRequest) {
		r.Input.Texts = []string{"a",
			"b"}
	}); same != was || other == all {
		t.Error("R-EMB-17 another text changes the key of a vector, or not that of the answer")
	}
	for name, f := range map[string]func(c *call.Call, r *openai.EmbeddingRequest){
		"text":   func(_ *call.Call, r *openai.EmbeddingRequest) { r.Input.Texts[0] = "b" },
		"tenant": func(c *call.Call, _ *openai.EmbeddingRequest) { c.Principal.Tenant = "u" },
		"target": func(c *call.Call, _ *openai.EmbeddingRequest) { c.Plan.Targets[0].CalledID = "n" },
	} {
		if other, _ := own(f); other == was {
			t.Errorf("R-EMB-17 the same key: %s", name)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	small := `{"model":"m","temperature":0,"max_tokens":100,"messages":[{"role":"system","content":"Be short."},{"role":"user","content":"What is the capital of France?"}]}`
	turn := `{"role":"user","content":"` + strings.Repeat("some words of a long history ", 40) +
		`"},{"role":"assistant","content":"` + strings.Repeat("an answer ", 20) + `"},`
	tool := `{"type":"function","function":{"name":"lookup","description":"Looks a thing up","parameters":{"type":"object","properties":{` +
		strings.Repeat(`"a":{"type":"string","description":"a member of the tool's input"},`, 10) +
		`"z":{"type":"number"}}}}}`
	large := `{"model":"m","temperature":0,"messages":[` + strings.Repeat(turn, 22) +
		`{"role":"user","content":"and now?"}],"tools":[` + tool + `]}`
	for name, body := range map[string]string{"small": small, "32KB": large} {
		b.Run(name, func(b *testing.B) {
			req, err := openai.DecodeChat([]byte(body))
			if err != nil {
				b.Fatal(err)
			}
			c, keys := keyed(req), newKeyer()
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				keys.chat(c)
			}
		})
	}
}
