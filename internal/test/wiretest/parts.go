package wiretest

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// partsOf gives the content parts of texts, media and the cache points behind them.
func partsOf(blocks []block) ([]tree, error) {
	parts := []tree{}
	for _, b := range blocks {
		switch {
		case b.is("text"):
			parts = append(parts, tree{"type": "text", "text": b["text"]})
		case b.is("cachePoint") && len(parts) > 0:
			parts[len(parts)-1]["cache_control"] = cacheControl(b["cachePoint"])
		case b.is("image"):
			m, err := mediaOf(b["image"])
			if err != nil {
				return nil, err
			}
			parts = append(parts, tree{"type": "image_url",
				"image_url": tree{"url": "data:image/" + m.Format + ";base64," + m.Source.Bytes}})
		case b.is("document"):
			m, err := mediaOf(b["document"])
			if err != nil {
				return nil, err
			}
			parts = append(parts, tree{"type": "file",
				"file": tree{"filename": m.Name + "." + m.Format, "file_data": "data:" + m.mime() + ";base64," + m.Source.Bytes}})
		case b.is("video"), b.is("audio"):
			return nil, NoForm("video or sound (R-PART-14)")
		case b.is("guardContent"):
			return nil, NoForm("guardContent (R-GRD-07)")
		default:
			return nil, NoForm("a block that OpenAI does not have: " + strings.Join(kindsOf(b), " "))
		}
	}
	return parts, nil
}

func kindsOf(b block) (kinds []string) {
	for k := range b {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

type mediaBlock struct {
	Format, Name string
	Context      string
	Citations    json.RawMessage
	Source       struct {
		Bytes, Text string
		S3Location  json.RawMessage
		Content     json.RawMessage
	}
}

func (m *mediaBlock) mime() string {
	mime := map[string]string{"pdf": "application/pdf", "txt": "text/plain", "csv": "text/csv", "md": "text/markdown",
		"html": "text/html"}[m.Format]
	if mime == "" {
		return "application/octet-stream"
	}
	return mime
}

func mediaOf(raw json.RawMessage) (*mediaBlock, error) {
	var m mediaBlock
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	switch {
	case m.Citations != nil || m.Context != "":
		return nil, NoForm("a document with citations (R-PART-16)")
	case m.Source.Content != nil:
		return nil, NoForm("a document of chunks")
	case m.Source.S3Location != nil:
		return nil, NoForm("media in S3 (R-PART-06)")
	case m.Source.Text != "":
		m.Source.Bytes = base64.StdEncoding.EncodeToString([]byte(m.Source.Text))
	}
	return &m, nil
}

// cacheControl is what stands beside a part for a cache point after it.
func cacheControl(point json.RawMessage) tree {
	var p struct{ TTL string }
	_ = json.Unmarshal(point, &p) // it was decoded before
	c := tree{"type": "ephemeral"}
	if p.TTL != "" {
		c["ttl"] = p.TTL
	}
	return c
}
