package offline

import (
	"encoding/base64"
	"strings"
)

// novaEmbed is Nova Multimodal Embeddings; only SINGLE_EMBEDDING is a call of InvokeModel.
func novaEmbed() embedder {
	source := union(map[string]*shape{"bytes": blob(), "s3Location": structure(map[string]*shape{"uri": str(), "bucketOwner": str()}, "uri")})
	return embedder{
		shape: structure(map[string]*shape{
			"schemaVersion": enum("nova-multimodal-embed-v1", "amazon.nova-embedding-v1:0"),
			"taskType":      enum("SINGLE_EMBEDDING", "SEGMENTED_EMBEDDING"),
			"singleEmbeddingParams": structure(map[string]*shape{
				"embeddingPurpose": enum("GENERIC_INDEX", "GENERIC_RETRIEVAL", "TEXT_RETRIEVAL", "IMAGE_RETRIEVAL", "VIDEO_RETRIEVAL",
					"DOCUMENT_RETRIEVAL", "AUDIO_RETRIEVAL", "CLASSIFICATION", "CLUSTERING"),
				"embeddingDimension": integer(),
				"text": structure(map[string]*shape{
					"truncationMode": enum("START", "END", "NONE"),
					"value":          str().between(1, 8192),
					"source":         source,
				}, "truncationMode"),
				"image": structure(map[string]*shape{
					"detailLevel": enum("STANDARD_IMAGE", "DOCUMENT_IMAGE"),
					"format":      enum("png", "jpeg", "gif", "webp"),
					"source":      source,
				}, "format", "source"),
				"audio": structure(map[string]*shape{"format": enum("mp3", "wav", "ogg"), "source": source}, "format", "source"),
				"video": structure(map[string]*shape{
					"format":        enum("mp4", "mov", "mkv", "webm", "flv", "mpeg", "mpg", "wmv", "3gp"),
					"source":        source,
					"embeddingMode": enum("AUDIO_VIDEO_COMBINED", "AUDIO_VIDEO_SEPARATE"),
				}, "format", "source", "embeddingMode"),
			}, "embeddingPurpose"),
		}, "taskType", "singleEmbeddingParams"),
		embed: novaSingle,
	}
}

func novaSingle(m *model, v map[string]any) (embedding, *exception) {
	if v["taskType"] != "SINGLE_EMBEDDING" { // text unconfirmed
		return embedding{}, invalid("The task type SEGMENTED_EMBEDDING is only supported by asynchronous invocation.")
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
		return embedding{}, invalid("Malformed input request: #/singleEmbeddingParams: exactly one of text, image, audio and video must be given, " +
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
	return embedding{tokens: n, body: map[string]any{
		"embeddings": []any{map[string]any{"embeddingType": strings.ToUpper(kinds[0]), "embedding": vec}},
	}}, nil
}
