package translate

import (
	"errors"
	"strings"

	"outcrop/internal/media"
	"outcrop/openai"
)

// Link is a URL in a request whose bytes have to be fetched before translation, and where it stands.
type Link struct{ URL, Param string }

// Fault is the 400 of a link that could not be fetched, or may not be (R-PART-04, R-ERR-72). The cause is for the log.
func (l Link) Fault(cause error) *openai.Error {
	const longest = 2000 // nobody needs more of it to find the link in the request
	code := openai.CodeInvalidImageURL
	if strings.HasSuffix(l.Param, ".file_url") {
		code = openai.CodeInvalidFileURL
	}
	fault := openai.Invalidf(code, l.Param,
		"Error while downloading %s.", Shorten(l.URL, longest))
	if errors.Is(cause, media.ErrNoTLS) && plainHTTP(l.URL) { // what a redirect leads to stays untold
		fault.Message = strings.TrimSuffix(fault.Message, ".") + ": " + media.ErrNoTLS.Error() +
			" here. Use a URL with https, or send the bytes as a data URL."
	}
	fault.Err = cause
	return fault
}

func plainHTTP(url string) bool { return len(url) >= 5 && strings.EqualFold(url[:5], "http:") }
