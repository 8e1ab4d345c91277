package converse

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/openai"
	"outcrop/translate"
)

// Codes of faults that only the way in finds.
const (
	codeInvalidBase64   = "invalid_base64"
	CodeUnsupportedFile = "unsupported_file"
)

// mediaCount counts what a request holds of images and files.
type mediaCount struct {
	images                 int // of one message: how many a whole conversation may hold is for the service to decide
	documents, attachments int
	names                  taken // of documents
}

// payload is a decoded part.
type payload struct {
	*Media
	data []byte
	mime string
	at   Place
	path string // of the part
}

// mediaBlock is the block of a file: an image, a document, or a text for a model without documents; nil when it was
// refused.
func (v *conversation) mediaBlock(b *Block) types.ContentBlock {
	x, ok := v.load(b)
	switch {
	case !ok:
		return nil
	case v.unfetched && x.data == nil:
		return &types.ContentBlockMemberImage{} // stands for whatever it will be
	}
	if format := media.ImageFormat(x.data); format != "" {
		v.out.Image = cmp.Or(v.out.Image, x.path)
		v.out.images = append(v.out.images, x.at)
		return v.image(x, format)
	}
	if kind := media.SoundOrVideo(x.data); kind != "" {
		v.unsupportedPart(x.path, kind)
		return nil
	}
	format := media.DocumentFormat(x.data, x.mime, x.Name)
	claimed := x.Kind == Image && strings.HasPrefix(x.mime, "image/") // and text is no other way to write an image
	switch {
	case format != "" && (!claimed || !media.IsText(format)):
		v.out.File = cmp.Or(v.out.File, x.path)
		return v.document(x, format)
	case x.Kind == Image:
		v.Refuse(openai.CodeInvalidImage, x.path+x.Member,
			"You uploaded an unsupported image. Please make sure your image is valid and has one of the following "+
				"formats: ['png', 'jpeg', 'gif', 'webp'].")
	default:
		v.Refuse(CodeUnsupportedFile, x.path+x.Member[:strings.LastIndexByte(x.Member, '.')],
			"Unsupported file. Supported formats are: pdf, csv, doc, docx, xls, xlsx, html, txt and md.")
	}
	return nil
}

func (c *pass) unsupportedPart(path, kind string) {
	c.Refuse(openai.CodeUnsupportedValue, path,
		"Unsupported value: the model '%s' does not take %s here.", c.to.Public, kind)
}

// load gets at the bytes of a file.
func (v *conversation) load(b *Block) (payload, bool) {
	m := b.Media
	x := payload{Media: m, mime: m.MIME, at: b.At, path: v.req.Names.Part(b.At, "")}
	switch m.Kind {
	case Sound:
		v.unsupportedPart(x.path+".type", "sound") // R-PART-14
		return x, false
	case Video:
		v.unsupportedPart(x.path+".type", "video")
		return x, false
	}
	encoded := Scheme(m.URL) == "data"
	if encoded {
		x.mime = mimeOf(m.URL)
	}
	var ok bool
	switch {
	case m.Text != nil: // also when nothing is left of it
		x.data, ok = []byte(*m.Text), true
	case IsLink(m.URL):
		item, fetched := v.opts.Media[m.URL]
		if !fetched {
			v.Note(translate.Link{URL: m.URL, Param: x.path + x.Member}.Fault(nil))
		}
		x.data, x.mime = item.Data, item.Type
		return x, fetched
	case encoded:
		x.data, _, ok = openai.DecodeDataURL(m.URL)
	default:
		x.data, ok = openai.DecodeBase64(m.Base64)
	}
	switch ok = ok && len(x.data) > 0; {
	case ok:
	case m.Kind == Image:
		v.Refuse(openai.CodeInvalidImageURL, x.path+x.Member, "Invalid image URL: the data URL cannot be decoded.")
	default:
		v.Refuse(codeInvalidBase64, x.path+x.Member, "Invalid base64 in '%s'.", x.path+x.Member)
	}
	return x, ok
}

// mimeOf is the MIME type of a data URL, as [openai.DecodeDataURL] gives it.
func mimeOf(dataURL string) string {
	head, _, _ := strings.Cut(dataURL, ",")
	mime, _, _ := strings.Cut(head[min(len(head), len("data:")):], ";")
	return strings.ToLower(strings.TrimSpace(mime))
}

// Scheme is the scheme of a URL in lower case, as far as it is one of those that files may have.
func Scheme(rawURL string) string {
	s, _, _ := strings.Cut(rawURL[:min(len(rawURL), len("https:"))], ":")
	return strings.ToLower(s)
}

// image checks an image against the limits (R-PART-07, R-PART-09).
func (v *conversation) image(x payload, format string) types.ContentBlock {
	limits := v.opts.Limits.Filled()
	v.media.images++
	width, height := media.ImageSize(x.data, format)
	switch {
	case v.caps.Vision == catalog.No:
		v.unsupportedPart(x.path, "images")
	case v.media.images > limits.Images:
		v.Refuse(openai.CodeInvalidValue, x.path,
			"Invalid value: at most %d images are possible in one message.", limits.Images)
	case len(x.data) > limits.ImageBytes:
		v.Refuse(openai.CodeInvalidValue, x.path,
			"Invalid value: the image has %d bytes, and at most %d are possible.", len(x.data), limits.ImageBytes)
	case width > limits.ImageSide || height > limits.ImageSide:
		v.Refuse(openai.CodeInvalidValue, x.path,
			"Invalid value: the image has %d × %d pixels, and at most %d each way are "+
				"possible.", width, height, limits.ImageSide)
	default:
		return &types.ContentBlockMemberImage{Value: types.ImageBlock{
			Format: types.ImageFormat(format), Source: &types.ImageSourceMemberBytes{Value: x.data},
		}}
	}
	return nil
}
