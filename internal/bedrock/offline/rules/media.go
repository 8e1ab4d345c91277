package rules

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// Limits of media.
const (
	maxImages        = 20
	MaxImageBytes    = 3_932_160 // 3.75 MB
	maxImagePixels   = 8000
	maxDocuments     = 5
	MaxDocumentBytes = 4_718_592 // 4.5 MB
	maxVideoBytes    = 25_000_000
)

// mediaSupportRule: kinds of media and S3 sources by model [FACTS 2.5, 4.1]. The texts for video and S3 are recorded,
// those for the other kinds follow them.
func mediaSupportRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	f := t.Model.Features
	flags := map[string]*bool{"image": f.Vision, "document": f.Documents, "video": f.Video, "audio": f.Audio}
	videos := 0
	return r.EachMedia(func(role, kind string, m *wire.Media) *wire.Exception {
		if kind == "video" {
			videos++
		}
		switch {
		case wire.Denies(flags[kind]):
			return wire.UnsupportedBlock(kind)
		case role == "assistant" && (kind == "image" || kind == "document"): // text unconfirmed
			return wire.Invalid("The %s content block can only be used in a message with the user role.", kind)
		case m.Source.S3 != nil && !strings.HasPrefix(t.Model.Family, "nova-"):
			return wire.Invalid("This model doesn't support the s3Uri field. Remove s3Uri and try again.")
		case kind == "video" && len(m.Source.Bytes) > maxVideoBytes: // text unconfirmed
			return wire.Invalid("The maximum video size is 25 MB. Reduce the size of your video and retry your request.")
		case videos > 1: // text unconfirmed
			return wire.Invalid("You can't include more than 1 video in a request. Reduce the number of videos and retry " +
				"your request.")
		}
		return nil
	})
}

// imageRule: number and size of images. Texts unconfirmed, after the pattern of those for documents. How many a whole
// conversation may hold differs between models and is told nowhere, so the number is that of one message.
func imageRule(r *wire.ConverseRequest, _ wire.Target) *wire.Exception {
	for i := range r.Messages {
		if e := imagesOf(&wire.ConverseRequest{Messages: r.Messages[i : i+1]}); e != nil {
			return e
		}
	}
	return nil
}

func imagesOf(r *wire.ConverseRequest) *wire.Exception {
	n := 0
	return r.EachMedia(func(_, kind string, m *wire.Media) *wire.Exception {
		if kind != "image" {
			return nil
		}
		n++
		if n > maxImages {
			return wire.Invalid("You can't include more than %d images in a request. Reduce the number of images and retry "+
				"your request.", maxImages)
		}
		if len(m.Source.Bytes) > MaxImageBytes {
			return wire.Invalid("The maximum image size is 3.75 MB. Reduce the size of your image and retry your request.")
		}
		if w, h, ok := wire.ImageSize(m.Source.Bytes); ok && (w > maxImagePixels || h > maxImagePixels) {
			return wire.Invalid("The maximum image dimension is %d px. Reduce the size of your image and retry your request.",
				maxImagePixels)
		}
		return nil
	})
}

var documentName = regexp.MustCompile(`^[\p{L}\p{N}\s_()\[\]-]+$`)

// documentRule: [FACTS 2.5]. The underscore is outside the text's own list but was recorded as accepted.
func documentRule(r *wire.ConverseRequest, _ wire.Target) *wire.Exception {
	n, names := 0, map[string]bool{}
	if e := r.EachMedia(func(_, kind string, m *wire.Media) *wire.Exception {
		if kind != "document" {
			return nil
		}
		n++
		switch {
		case n > maxDocuments:
			return wire.Invalid("You can't include more than 5 documents in a request. Reduce the number of documents and " +
				"retry your request.")
		case len(m.Source.Bytes) > MaxDocumentBytes:
			return wire.Invalid("The maximum document size is 4.5 MB. Reduce the size of your document and retry your request.")
		case !documentName.MatchString(m.Name) || strings.Contains(m.Name, "  "):
			return wire.Invalid("The document file name can only contain alphanumeric characters, whitespace characters, " +
				"hyphens, parentheses, and " +
				"square brackets. The name can't contain more than one consecutive whitespace character.")
		case names[strings.ToLower(m.Name)]: // text unconfirmed
			return wire.Invalid("The document file name %q is used more than once. Document file names must be unique in a "+
				"request.", m.Name)
		}
		names[strings.ToLower(m.Name)] = true
		return nil
	}); e != nil {
		return e
	}
	for i, m := range r.Messages {
		has := func(kind string) bool {
			return slices.ContainsFunc(m.Content, func(b wire.ContentOf) bool { return b.Kind() == kind })
		}
		if has("document") && !has("text") { // text unconfirmed
			return wire.Invalid("The message at messages.%d holds a document but no text. Add a text content block and try "+
				"again.", i)
		}
	}
	return nil
}

// Mismatch finds media whose bytes are of another type than declared. It is the model's own server that finds out, so a
// stream has begun by then [FACTS 1.4, 2.5; recorded on Nova Lite].
func Mismatch(r *wire.ConverseRequest) *wire.Exception {
	return r.EachMedia(func(_, kind string, m *wire.Media) *wire.Exception {
		if m.Source.Bytes == nil {
			return nil
		}
		var want string
		got := detect(m.Source.Bytes)
		switch {
		case kind == "image":
			want = "image/" + m.Format
		case kind == "document" && m.Format == "pdf":
			want = "application/pdf"
		default:
			return nil
		}
		if got == want {
			return nil
		}
		return wire.RefusedByModel("The detected file MIME type %s does not match the expected type %s. Reformat your "+
			"input and try again.", got, want)
	})
}

func detect(b []byte) string {
	t, _, _ := strings.Cut(http.DetectContentType(b), ";")
	return t
}
