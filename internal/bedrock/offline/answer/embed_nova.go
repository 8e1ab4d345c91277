package answer

import (
	"encoding/base64"
	"strings"

	"outcrop/internal/bedrock/offline/shape"
	"outcrop/internal/bedrock/offline/wire"
)

// novaEmbed is Nova Multimodal Embeddings; only SINGLE_EMBEDDING is a call of InvokeModel.
func novaEmbed() embedder {
	source := shape.Union(map[string]*shape.Shape{"bytes": shape.Blob(),
		"s3Location": shape.Structure(map[string]*shape.Shape{"uri": shape.Str(), "bucketOwner": shape.Str()}, "uri")})
	return embedder{
		Shape: shape.Structure(map[string]*shape.Shape{
			"schemaVersion": shape.Enum("nova-multimodal-embed-v1", "amazon.nova-embedding-v1:0"),
			"taskType":      shape.Enum("SINGLE_EMBEDDING", "SEGMENTED_EMBEDDING"),
			"singleEmbeddingParams": shape.Structure(map[string]*shape.Shape{
				"embeddingPurpose": shape.Enum("GENERIC_INDEX", "GENERIC_RETRIEVAL", "TEXT_RETRIEVAL", "IMAGE_RETRIEVAL",
					"VIDEO_RETRIEVAL",
					"DOCUMENT_RETRIEVAL", "AUDIO_RETRIEVAL", "CLASSIFICATION", "CLUSTERING"),
				"embeddingDimension": shape.Integer(),
				"text": shape.Structure(map[string]*shape.Shape{
					"truncationMode": shape.Enum("START", "END", "NONE"),
					"value":          shape.Str().Between(1, 8192),
					"source":         source,
				}, "truncationMode"),
				"image": shape.Structure(map[string]*shape.Shape{
					"detailLevel": shape.Enum("STANDARD_IMAGE", "DOCUMENT_IMAGE"),
					"format":      shape.Enum("png", "jpeg", "gif", "webp"),
					"source":      source,
				}, "format", "source"),
				"audio": shape.Structure(map[string]*shape.Shape{"format": shape.Enum("mp3", "wav", "ogg"), "source": source},
					"format", "source"),
				"video": shape.Structure(map[string]*shape.Shape{
					"format":        shape.Enum("mp4", "mov", "mkv", "webm", "flv", "mpeg", "mpg", "wmv", "3gp"),
					"source":        source,
					"embeddingMode": shape.Enum("AUDIO_VIDEO_COMBINED", "AUDIO_VIDEO_SEPARATE"),
				}, "format", "source", "embeddingMode"),
			}, "embeddingPurpose"),
		}, "taskType", "singleEmbeddingParams"),
		Embed: novaSingle,
	}
}

func novaSingle(m *wire.Model, v map[string]any) (embedding, *wire.Exception) {
	if v["taskType"] != "SINGLE_EMBEDDING" { // text unconfirmed
		return embedding{}, wire.Invalid("The task type SEGMENTED_EMBEDDING is only supported by asynchronous invocation.")
	}
	params := v["singleEmbeddingParams"].(map[string]any)
	size, e := dimension(m, params["embeddingDimension"], 3072, "singleEmbeddingParams", "embeddingDimension")
	if e != nil {
		return embedding{}, e
	}
	var kinds []string
	for _, kind := range []string{"text", "image", "audio", "video"} {
		if params[kind] != nil {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 { // text unconfirmed
		return embedding{}, wire.Invalid("Malformed input request: #/singleEmbeddingParams: exactly one of text, image, " +
			"audio and video must be given, " +
			"please reformat your input and try again.")
	}
	content := params[kinds[0]].(map[string]any)
	text, _ := content["value"].(string)
	n, vec := 2+wordTokens(text), vector(text, size)
	if text == "" {
		src, _ := content["source"].(map[string]any)
		coded, _ := src["bytes"].(string)
		data, _ := base64.StdEncoding.DecodeString(coded) // the shape has checked it
		n, vec = 1000, pictureVector(data, size)
	}
	if params["embeddingPurpose"] != "GENERIC_INDEX" {
		n += 14 // the instruction that the model puts in front counts too [FACTS 5.6]
	}
	return embedding{Tokens: n, Body: map[string]any{
		"embeddings": []any{map[string]any{"embeddingType": strings.ToUpper(kinds[0]), "embedding": vec}},
	}}, nil
}
