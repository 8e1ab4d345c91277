package catalog

import (
	"errors"
	"strings"
	"testing"
)

const (
	haiku   = "anthropic.claude-haiku-4-5-20251001-v1:0"
	account = "arn:aws:bedrock:eu-west-1:123456789012:"
)

func TestEveryKnownIDResolves(t *testing.T) {
	for _, m := range Default().Models() {
		for _, id := range append([]string{m.ID, "bedrock/" + m.ID}, m.Profiles...) {
			target, err := Default().Resolve(id, "us-east-1")
			if err != nil || target.Row != m || target.Public != id {
				t.Errorf("R-CAP-01 %s: %+v, %v", id, target, err)
			}
		}
		for _, id := range m.Profiles {
			if target, _ := Default().Resolve(id, "eu-west-1"); target.CalledID != id {
				t.Errorf("R-CAP-03 the explicit profile %s was replaced by %s", id, target.CalledID)
			}
		}
	}
}

func TestResolveForms(t *testing.T) {
	for _, c := range []struct {
		rule, name  string
		row, called string // called "" means as asked
		region      string
	}{
		{"R-CAP-01 base id", "amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0", "", ""},
		{"R-CAP-01 bedrock/ is stripped", "bedrock/amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0",
			"amazon.nova-micro-v1:0", ""},
		{"R-CAP-01 profile", "eu." + haiku, haiku, "", ""},
		{"R-CAP-01 bedrock/ before a profile", "bedrock/eu." + haiku, haiku, "eu." + haiku, ""},
		{"R-CAP-04 profile that the data does not list", "ca." + haiku, haiku, "", ""},
		{"F 1.1 context suffix", "anthropic.claude-3-sonnet-20240229-v1:0:200k", "anthropic.claude-3-sonnet-20240229-v1:0",
			"", ""},
		{"F 1.1 context suffix of a profile", "us." + haiku + ":200k", haiku, "", ""},
		{"R-CAP-04 foundation model ARN", "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-micro-v1:0",
			"amazon.nova-micro-v1:0", "", "eu-west-1"},
		{"R-CAP-03 an ARN is never replaced", "arn:aws:bedrock:eu-west-1::foundation-model/" + haiku, haiku, "", "eu-west-1"},
		{"R-CAP-04 ARN without a region", "arn:aws:bedrock:::foundation-model/" + haiku, haiku, "", ""},
		{"R-CAP-04 profile ARN", account + "inference-profile/eu." + haiku, haiku, "", "eu-west-1"},
		{"R-CAP-04 other partition", "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov." + haiku,
			haiku, "", "us-gov-west-1"},
		{"R-CAP-04 application profile", account + "application-inference-profile/1arbu5hu2sjr", "", "", "eu-west-1"},
		{"R-CAP-04 provisioned", account + "provisioned-model/abcdef", "", "", "eu-west-1"},
		{"R-CAP-04 custom", account + "custom-model/amazon.nova-micro-v1:0/abcdef", "", "", "eu-west-1"},
		{"R-CAP-04 imported", account + "imported-model/abcdef", "", "", "eu-west-1"},
		{"R-CAP-04 deployment", account + "custom-model-deployment/abcdef", "", "", "eu-west-1"},
		{"R-CAP-04 router", account + "default-prompt-router/anthropic.claude:1", "", "", "eu-west-1"},
		{"R-CAP-04 prompt", account + "prompt/ABCDEFGHIJ:3", "", "", "eu-west-1"},
		{"R-CAP-04 SageMaker", "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine", "", "", "us-east-1"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			target, err := Default().Resolve(c.name, "us-east-1")
			if err != nil {
				t.Fatal(err)
			}
			if c.called == "" {
				c.called = c.name
			}
			if target.Row.ID != c.row || target.CalledID != c.called || target.Region != c.region || target.Public != c.name {
				t.Errorf("row %q, %+v", target.Row.ID, target)
			}
			if target.Row.Known != (c.row != "") {
				t.Errorf("known: %t", target.Row.Known)
			}
		})
	}
}

func TestResolveNotFound(t *testing.T) {
	for rule, name := range map[string]string{
		"R-CAP-02 OpenAI's name":           "gpt-4o",
		"R-CAP-02 nothing":                 "",
		"R-CAP-02 only a prefix":           "bedrock/",
		"R-CAP-02 only a provider":         "anthropic.",
		"R-CAP-02 unknown provider":        "acme.rocket-1",
		"R-CAP-02 unknown geography":       "mars.anthropic.claude-opus-6",
		"R-CAP-02 recorded":                "us.does-not-exist-model-v1:0",
		"R-CAP-02 other case":              "Anthropic.claude-opus-6",
		"R-CAP-02 path in an id":           "anthropic.claude/../../x",
		"R-CAP-02 line feed in an id":      "anthropic.claude\nx",
		"R-CAP-02 too long":                "anthropic." + strings.Repeat("a", 2048),
		"R-CAP-02 half an ARN":             "arn:aws:bedrock:us-east-1:123456789012",
		"R-CAP-02 ARN of another service":  "arn:aws:s3:us-east-1:123456789012:bucket/x",
		"R-CAP-02 ARN of another resource": account + "guardrail/x",
		"R-CAP-02 SageMaker model":         "arn:aws:sagemaker:us-east-1:123456789012:model/x",
		"R-CAP-02 endpoint of Bedrock":     account + "endpoint/x",
		"R-CAP-04 host as region":          "arn:aws:bedrock:evil.example/:123456789012:imported-model/x",
		"R-CAP-04 no region's shape":       "arn:aws:bedrock:localhost:123456789012:imported-model/x",
		"R-CAP-02 account of letters":      "arn:aws:bedrock:us-east-1:me:imported-model/x",
		"R-CAP-02 line feed in an ARN":     account + "imported-model/x\n",
	} {
		_, err := Default().Resolve(name, "us-east-1")
		var missing *NotFoundError
		if !errors.As(err, &missing) || missing.Name != name {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestProfileOfTheRegion(t *testing.T) {
	const sonnet4, nova2 = "anthropic.claude-sonnet-4-20250514-v1:0", "amazon.nova-2-lite-v1:0"
	for _, c := range []struct{ why, id, region, want string }{
		{"geography", haiku, "us-east-1", "us."},
		{"geography", haiku, "us-west-2", "us."},
		{"geography", haiku, "eu-central-1", "eu."},
		{"Tokyo has jp.", haiku, "ap-northeast-1", "jp."},
		{"Osaka has jp.", haiku, "ap-northeast-3", "jp."},
		{"Sydney has au.", haiku, "ap-southeast-2", "au."},
		{"Melbourne has au.", haiku, "ap-southeast-4", "au."},
		{"the apac. id of Haiku 4.5 is doubtful", haiku, "ap-northeast-2", "global."},
		{"and so it is in Tokyo", nova2, "ap-northeast-2", "global."},
		{"apac. where there is no jp.", sonnet4, "ap-northeast-1", "apac."},
		{"apac. where there is no au.", sonnet4, "ap-southeast-2", "apac."},
		{"apac. where there is no in.", sonnet4, "ap-south-1", "apac."},
		{"apac.", sonnet4, "ap-southeast-1", "apac."},
		{"no geography", haiku, "sa-east-1", "global."},
		{"no region", haiku, "", "global."},
		{"Canada without ca.", haiku, "ca-central-1", "global."},
		{"Canada without ca. and global.", "deepseek.r1-v1:0", "ca-central-1", "us."},
		{"GovCloud", "anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov-west-1", "us-gov."},
		{"GovCloud has no global.", haiku, "us-gov-west-1", ""},
		{"a doubtful one when nothing else exists", "anthropic.claude-sonnet-5", "us-gov-west-1", "us-gov."},
		{"a doubtful one when nothing else exists", "meta.llama4-scout-17b-instruct-v1:0", "eu-west-1", "eu."},
		{"none for this geography", "deepseek.r1-v1:0", "eu-west-1", ""},
		{"no profile needed", "amazon.nova-lite-v1:0", "us-west-2", ""},
		{"no profile needed in us-east-1", "amazon.nova-micro-v1:0", "us-east-1", ""},
		{"needed in us-west-2 alone", "amazon.nova-micro-v1:0", "us-west-2", "us."},
		{"needed in us-west-2 alone", "cohere.embed-v4:0", "us-west-2", "us."},
		{"nobody knows whether it is needed", "xai.grok-4.6", "us-east-1", ""},
	} {
		t.Run("R-CAP-03 "+c.region+" "+c.why, func(t *testing.T) {
			target, err := Default().Resolve(c.id, c.region)
			if err != nil || target.CalledID != c.want+c.id || target.Public != c.id || target.Region != "" {
				t.Errorf("%s: %+v, %v", c.id, target, err)
			}
		})
	}
}

func TestModelsThatTheCatalogueLacks(t *testing.T) {
	for _, c := range []struct{ name, like string }{
		{"anthropic.claude-opus-6", "anthropic.claude-opus-5"},
		{"us.anthropic.claude-sonnet-6-20270101-v1:0", "anthropic.claude-sonnet-5"},
		{"anthropic.claude-haiku-5", haiku},
		{"anthropic.claude-mythos-6", "anthropic.claude-mythos-5-1"},
		{"amazon.nova-3-pro-v1:0", "amazon.nova-2-lite-v1:0"},
		{"amazon.nova-canvas-v2:0", "amazon.nova-canvas-v1:0"},
		{"amazon.titan-embed-text-v3:0", "amazon.titan-embed-text-v2:0"},
		{"cohere.embed-v5:0", "cohere.embed-v4:0"},
		{"openai.gpt-oss-240b-1:0", "openai.gpt-oss-20b-1:0"},
		{"meta.llama5-giant-instruct-v1:0", "meta.llama4-scout-17b-instruct-v1:0"},
		{"deepseek.v4", "deepseek.v3.2"},
		{"deepseek.r2-v1:0", "deepseek.r1-v1:0"},
		{"mistral.mistral-large-4", "mistral.mistral-large-3-675b-instruct"},
		{"zai.glm-6", "zai.glm-5"},
		{"moonshotai.kimi-k4", "moonshotai.kimi-k2.5"},
		{"anthropic.claude-sonnet-4-9", "anthropic.claude-sonnet-4-6"},
		{"anthropic.claude-opus-4-9", "anthropic.claude-opus-4-8"},
		{"amazon.nova-pro-v1:1", "amazon.nova-pro-v1:0"},
		{"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-6", "anthropic.claude-opus-5"},
		{"nvidia.quux-1", ""},
		{"anthropic.hermes-1", ""},
	} {
		t.Run("R-CAP-05 "+c.name, func(t *testing.T) {
			target, err := Default().Resolve(c.name, "us-east-1")
			if err != nil {
				t.Fatal(err)
			}
			m := target.Row
			if m.Known || target.CalledID != c.name || m.ID == "" || !strings.HasSuffix(c.name, m.ID) || m.MaxOutputFirm ||
				m.Profiles != nil {
				t.Errorf("%+v", target)
			}
			if like := Default().byID[c.like]; like != nil {
				if m.Family != like.Family || m.Kind != like.Kind || m.Caps.Sampling != like.Caps.Sampling ||
					m.EmbedShape != like.EmbedShape {
					t.Errorf("family %q, kind %q, not as %s", m.Family, m.Kind, c.like)
				}
				if m.Kind == Chat && m.Converse != Unknown {
					t.Error("R-CAP-02 Bedrock does not judge")
				}
			} else if m.Family != "" || m.Kind != "" || m.Caps.Tools != Unknown || m.Caps.Sampling.Temperature != Unknown {
				t.Errorf("not unknown: %+v", m)
			}
		})
	}
}

func TestBaseModels(t *testing.T) {
	profile := account + "application-inference-profile/1arbu5hu2sjr"
	asked, err := Default().Resolve(profile, "us-east-1")
	if err != nil || !asked.NeedsBase() {
		t.Fatalf("R-CAP-04 %+v, %v", asked, err)
	}
	t.Run("R-CAP-04 as GetInferenceProfile tells it", func(t *testing.T) {
		got := Default().WithBase(asked, "arn:aws:bedrock:::foundation-model/"+haiku)
		if got.NeedsBase() || got.Row.ID != haiku || got.CalledID != profile || got.Public != profile ||
			got.Region != "eu-west-1" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("R-CAP-04 a base that leads nowhere", func(t *testing.T) {
		if got := Default().WithBase(asked, "nowhere"); got != asked {
			t.Errorf("%+v", got)
		}
	})
	t.Run("R-CAP-04 only profiles can be asked", func(t *testing.T) {
		imported, _ := Default().Resolve(account+"imported-model/x", "us-east-1")
		if imported.NeedsBase() || imported.Row.Known {
			t.Errorf("%+v", imported)
		}
	})
	t.Run("R-CAP-04 as configured", func(t *testing.T) {
		arn := account + "imported-model/x"
		c, err := Default().With(Options{BaseModels: map[string]string{arn: "us." + haiku, profile: haiku}})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{arn, profile} {
			if got, err := c.Resolve(name, "us-east-1"); err != nil || got.Row.ID != haiku || got.CalledID != name ||
				got.NeedsBase() {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if got, _ := Default().Resolve(arn, "us-east-1"); got.Row.Known {
			t.Error("With changed its receiver")
		}
	})
	for name, o := range map[string]map[string]string{
		"unknown base": {account + "imported-model/x": "anthropic.claude-opus-99"},
		"no base":      {account + "imported-model/x": "gpt-4o"},
		"no ARN":       {"mine": haiku},
	} {
		if _, err := Default().With(Options{BaseModels: o}); err == nil {
			t.Errorf("R-CAP-04 %s: no error", name)
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"us." + haiku, "gpt-4o", "bedrock/amazon.nova-3", account + "inference-profile/us." + haiku,
		"a.b:0:200k", "anthropic.v", "\xff."} {
		f.Add(s, "us-east-1")
	}
	f.Fuzz(func(t *testing.T, name, region string) {
		target, err := Default().Resolve(name, region)
		if err != nil {
			var missing *NotFoundError
			if !errors.As(err, &missing) {
				t.Fatalf("%T", err)
			}
			return
		}
		id := strings.TrimPrefix(name, "bedrock/")
		if target.Row == nil || target.Public != name || !strings.HasSuffix(target.CalledID, id) ||
			len(target.CalledID) > maxName+8 {
			t.Fatalf("%q in %q: %+v", name, region, target)
		}
		if target.CalledID != id && target.Row.ID != id {
			t.Fatalf("%q became %q", name, target.CalledID)
		}
		if strings.ContainsAny(target.CalledID, "\r\n ?#%\\") || strings.ContainsAny(target.Region, "./:@") {
			t.Fatalf("%q is called as %q in %q", name, target.CalledID, target.Region)
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	c := Default()
	for name, id := range map[string]string{"bare": haiku, "profile": "us." + haiku, "unknown": "anthropic.claude-opus-6",
		"ARN": account + "inference-profile/us." + haiku} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Resolve(id, "us-east-1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(Data()); err != nil {
			b.Fatal(err)
		}
	}
}
