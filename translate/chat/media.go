package chat

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

// mediaCount counts what a request holds of images and files.
type mediaCount struct {
	images                 int // of one message: how many a whole conversation may hold is for the service to decide
	documents, attachments int
	names                  taken // of documents
}

// payload is a decoded part.
type payload struct {
	data       []byte
	mime, name string // as the client says
	at         string // path of the part
}

// mediaOf reads a part that is not text: an image, a document, or a text file for a model without documents. All are zero
// when it was refused.
func (v *conversation) mediaOf(i, j int, p *openai.ContentPart) (image *types.ImageBlock, document *types.DocumentBlock, plain string) {
	x, ok := v.load(i, j, p)
	if !ok {
		return nil, nil, ""
	}
	if v.unfetched && x.data == nil {
		return &types.ImageBlock{}, nil, "" // stands for whatever it will be
	}
	if format := imageFormat(x.data); format != "" {
		v.out.Image = first(v.out.Image, x.at)
		v.out.images = append(v.out.images, partPlace{i, j})
		return v.image(x, format), nil, ""
	}
	if kind := soundOrVideo(x.data); kind != "" {
		v.unsupportedPart(x.at, kind)
		return nil, nil, ""
	}
	format := documentFormat(x)
	claimed := p.Type == "image_url" && strings.HasPrefix(x.mime, "image/") // and text is no other way to write an image
	switch {
	case format != "" && (!claimed || !isText(format)):
		v.out.File = first(v.out.File, x.at)
		if document, plain = v.document(x, format); document != nil {
			v.out.files = append(v.out.files, partPlace{i, j})
		}
		return nil, document, plain
	case p.Type == "image_url":
		v.refuse(openai.CodeInvalidImage, x.at+".image_url.url", "You uploaded an unsupported image. Please make sure your image is valid and has one of the following formats: ['png', 'jpeg', 'gif', 'webp'].")
	default:
		v.refuse(codeUnsupportedFile, x.at+".file", "Unsupported file. Supported formats are: pdf, csv, doc, docx, xls, xlsx, html, txt and md.")
	}
	return nil, nil, ""
}

// load gets at the bytes of a part.
func (v *conversation) load(i, j int, p *openai.ContentPart) (payload, bool) {
	x := payload{at: partPath(i, j, "")}
	switch p.Type {
	case "image_url":
		return v.loadImage(x, p.ImageURL)
	case "file":
		return v.loadFile(x, p.File)
	}
	kind := "sound"
	if p.Type == "video_url" {
		kind = "video"
	}
	v.unsupportedPart(x.at+".type", kind) // R-PART-14
	return x, false
}

func (v *conversation) unsupportedPart(path, kind string) {
	v.refuse(openai.CodeUnsupportedValue, path, "Unsupported value: the model '%s' does not take %s here.", v.to.Public, kind)
}

func (v *conversation) loadImage(x payload, u *openai.ImageURL) (payload, bool) {
	if u.Detail != nil && *u.Detail != "auto" {
		v.adjust("messages[].content[].image_url.detail", "ignored")
	}
	path := x.at + ".image_url.url"
	if u.Text != nil && *u.Text != "" { // policy may have changed it
		x.data, x.mime = []byte(*u.Text), mimeOf(u.URL)
		return x, true
	}
	switch scheme(u.URL) {
	case "data":
		var ok bool
		if x.data, x.mime, ok = dataURL(u.URL); !ok || len(x.data) == 0 {
			v.refuse(openai.CodeInvalidImageURL, path, "Invalid image URL: the data URL cannot be decoded.")
			return x, false
		}
		return x, true
	case "http", "https":
		item, fetched := v.opts.Media[u.URL]
		if !fetched {
			v.note(translate.Link{URL: u.URL, Param: path}.Fault(nil))
		}
		x.data, x.mime = item.Data, item.Type
		return x, fetched
	case "s3":
		v.refuse(openai.CodeUnsupportedValue, path, "Unsupported value: images in S3 are not supported.")
	default:
		v.refuse(openai.CodeInvalidImageURL, path, "Invalid image URL: expected a data URL, or a URL that starts with http:// or https://.")
	}
	return x, false
}

func (v *conversation) loadFile(x payload, f *openai.File) (payload, bool) {
	if f.ID != nil {
		v.refuse(openai.CodeUnsupported, x.at+".file.file_id", "Unsupported parameter: '%s'. Send the file itself as 'file_data'.", x.at+".file.file_id")
		return x, false
	}
	if f.Data == nil {
		v.missing(x.at + ".file.file_data")
		return x, false
	}
	if f.Filename != nil {
		x.name = *f.Filename
	}
	ok := true
	isURL := len(*f.Data) >= 5 && strings.EqualFold((*f.Data)[:5], "data:")
	if isURL {
		x.mime = mimeOf(*f.Data)
	}
	switch {
	case f.Text != nil: // policy may have changed it
		x.data = []byte(*f.Text)
	case isURL:
		x.data, _, ok = dataURL(*f.Data)
	default:
		x.data, ok = decodeBase64(*f.Data)
	}
	if !ok || len(x.data) == 0 {
		v.refuse(codeInvalidBase64, x.at+".file.file_data", "Invalid base64 in '%s'.", x.at+".file.file_data")
		return x, false
	}
	return x, true
}

// image checks an image against the limits (R-PART-07, R-PART-09).
func (v *conversation) image(x payload, format string) *types.ImageBlock {
	limits := v.opts.Limits.Filled()
	v.media.images++
	width, height := imageSize(x.data, format)
	switch {
	case v.caps.Vision == catalog.No:
		v.unsupportedPart(x.at, "images")
	case v.media.images > limits.Images:
		v.refuse(openai.CodeInvalidValue, x.at, "Invalid value: at most %d images are possible in one message.", limits.Images)
	case len(x.data) > limits.ImageBytes:
		v.refuse(openai.CodeInvalidValue, x.at, "Invalid value: the image has %d bytes, and at most %d are possible.", len(x.data), limits.ImageBytes)
	case width > limits.ImageSide || height > limits.ImageSide:
		v.refuse(openai.CodeInvalidValue, x.at, "Invalid value: the image has %d × %d pixels, and at most %d each way are possible.", width, height, limits.ImageSide)
	default:
		return &types.ImageBlock{Format: types.ImageFormat(format), Source: &types.ImageSourceMemberBytes{Value: x.data}}
	}
	return nil
}
