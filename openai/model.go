package openai

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Model is one entry of GET /v1/models (TRANSLATION 6).
type Model struct {
	ID           string
	Created      int64          // seconds
	OwnedBy      string         // the provider in lower case
	ShutdownDate string         // YYYY-MM-DD, "" is written as null
	Outcrop      jsontext.Value // the extension object, nil leaves it out
}

// AppendJSON appends the model object.
func (m *Model) AppendJSON(b []byte) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, m.ID)
	b = append(b, `,"object":"model","created":`...)
	b = strconv.AppendInt(b, m.Created, 10)
	b = append(b, `,"owned_by":`...)
	b = appendString(b, m.OwnedBy)
	b = append(b, `,"shutdown_date":`...)
	b = appendStringOrNull(b, m.ShutdownDate)
	if m.Outcrop != nil {
		b = append(b, `,"outcrop":`...)
		b = append(b, m.Outcrop...)
	}
	return append(b, '}')
}

// AppendModelList appends {"object":"list","data":[…]}.
func AppendModelList(b []byte, list []Model) []byte {
	b = append(b, `{"object":"list","data":`...)
	b = appendEach(b, len(list), func(b []byte, i int) []byte { return list[i].AppendJSON(b) })
	return append(b, '}')
}
