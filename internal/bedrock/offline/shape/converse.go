package shape

// The shapes of the operations with a body, from the service model as FACTS 1.2 gives it. They are built once per
// server, because patterns are compiled in them.

// Shapes are the forms of all bodies.
type Shapes struct {
	Converse       *Shape
	ConverseStream *Shape
	CountTokens    *Shape
	Apply          *Shape
	Checks         *Shape
}

// All builds the forms.
func All() Shapes {
	messages := List(Structure(map[string]*Shape{
		"role":    Enum("user", "assistant", "system"),
		"content": List(contentBlock()),
	}, "role", "content")).sensitive()
	system := List(Union(map[string]*Shape{
		"text":         Str().AtLeast(1),
		"guardContent": guardContent(),
		"cachePoint":   cachePointShape(),
	})).sensitive()
	top := func(guardrail *Shape) *Shape {
		return Structure(map[string]*Shape{
			"messages":                          messages,
			"system":                            system,
			"inferenceConfig":                   inferenceShape(),
			"toolConfig":                        toolConfigShape(),
			"guardrailConfig":                   guardrail,
			"additionalModelRequestFields":      object(),
			"additionalModelResponseFieldPaths": List(Str().Between(1, 256)).AtMost(10),
			"promptVariables":                   mapOf(nil, Union(map[string]*Shape{"text": Str()})).sensitive(),
			"requestMetadata":                   metadataShape(),
			"performanceConfig":                 Structure(map[string]*Shape{"latency": Enum("standard", "optimized")}),
			"serviceTier": Structure(map[string]*Shape{"type": Enum("priority", "default", "flex",
				"reserved")}, "type"),
			"outputConfig": outputShape(),
		})
	}
	return Shapes{
		Converse:       top(GuardrailShape(false)),
		ConverseStream: top(GuardrailShape(true)),
		Apply:          applyShape(),
		Checks:         checksShape(),
		CountTokens: Structure(map[string]*Shape{
			"input": Union(map[string]*Shape{
				"invokeModel": Structure(map[string]*Shape{"body": Blob().AtMost(25e6)}, "body"),
				"converse": Structure(map[string]*Shape{
					"messages":                     messages,
					"system":                       system,
					"toolConfig":                   toolConfigShape(),
					"additionalModelRequestFields": object(),
				}),
			}),
		}, "input"),
	}
}

func contentBlock() *Shape {
	return Union(map[string]*Shape{
		"text":         Str(),
		"image":        imageShape(),
		"document":     documentShape(),
		"video":        videoShape(),
		"audio":        audioShape(),
		"toolUse":      toolUseShape(),
		"toolResult":   toolResultShape(),
		"guardContent": guardContent(),
		"cachePoint":   cachePointShape(),
		"reasoningContent": Union(map[string]*Shape{
			"reasoningText":   Structure(map[string]*Shape{"text": Str(), "signature": Str()}, "text"),
			"redactedContent": {kind: kBlob},
		}),
		"citationsContent": Structure(map[string]*Shape{
			"content":   List(Union(map[string]*Shape{"text": Str()})),
			"citations": List(citationShape()),
		}),
		"searchResult": searchResultShape(),
		"toolAddition": toolChangeShape(),
		"toolRemoval":  toolChangeShape(),
	})
}

func imageShape() *Shape {
	return Structure(map[string]*Shape{
		"format": Enum("png", "jpeg", "gif", "webp"),
		"source": mediaSource(),
		"error":  Structure(map[string]*Shape{"message": Str()}),
	}, "format", "source")
}

func documentShape() *Shape {
	return Structure(map[string]*Shape{
		"format": Enum("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"),
		"name":   Str().Between(1, 200),
		"source": Union(map[string]*Shape{
			"bytes":      Blob(),
			"s3Location": s3Shape(),
			"text":       Str(),
			"content":    List(Union(map[string]*Shape{"text": Str()})),
		}),
		"context":   Str(),
		"citations": Structure(map[string]*Shape{"enabled": Boolean()}, "enabled"),
	}, "name", "source")
}

func videoShape() *Shape {
	return Structure(map[string]*Shape{
		"format": Enum("mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"),
		"source": mediaSource(),
	}, "format", "source")
}

func audioShape() *Shape {
	return Structure(map[string]*Shape{
		"format": Enum("mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga",
			"pcm", "webm"),
		"source": mediaSource(),
		"error":  Structure(map[string]*Shape{"message": Str()}),
	}, "format", "source")
}

func mediaSource() *Shape {
	return Union(map[string]*Shape{"bytes": Blob(), "s3Location": s3Shape()})
}

func s3Shape() *Shape {
	return Structure(map[string]*Shape{
		"uri":         Str().Between(1, 1024).matching(`s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?`),
		"bucketOwner": Str().matching(`[0-9]{12}`),
	}, "uri")
}

func toolID() *Shape   { return Str().Between(1, 64).matching(`[a-zA-Z0-9_.:-]+`) }
func toolName() *Shape { return Str().Between(1, 64).matching(`[a-zA-Z0-9_-]+`) }

func toolUseShape() *Shape {
	return Structure(map[string]*Shape{
		"toolUseId": toolID(),
		"name":      toolName(),
		"input":     anyJSON(),
		"type":      Enum("server_tool_use"),
	}, "toolUseId", "name", "input")
}

func toolResultShape() *Shape {
	return Structure(map[string]*Shape{
		"toolUseId": toolID(),
		"content": List(Union(map[string]*Shape{
			"json":         anyJSON(),
			"text":         Str(),
			"image":        imageShape(),
			"document":     documentShape(),
			"video":        videoShape(),
			"searchResult": searchResultShape(),
		})),
		"status": Enum("success", "error"),
		"type":   Str(),
	}, "toolUseId", "content")
}

func guardContent() *Shape {
	return Union(map[string]*Shape{
		"text": Structure(map[string]*Shape{
			"text":       Str(),
			"qualifiers": List(Enum("grounding_source", "query", "guard_content")),
		}, "text"),
		"image": Structure(map[string]*Shape{
			"format": Enum("png", "jpeg"),
			"source": Union(map[string]*Shape{"bytes": Blob()}),
		}, "format", "source"),
	})
}

func cachePointShape() *Shape {
	return Structure(map[string]*Shape{"type": Enum("default"), "ttl": Enum("5m", "1h")}, "type")
}

func citationShape() *Shape {
	place := func(index string) *Shape {
		n := Integer().AtLeast(0)
		return Structure(map[string]*Shape{index: n, "start": n, "end": n})
	}
	return Structure(map[string]*Shape{
		"title":         Str(),
		"source":        Str(),
		"sourceContent": List(Union(map[string]*Shape{"text": Str()})),
		"location": Union(map[string]*Shape{
			"web":                  Structure(map[string]*Shape{"url": Str(), "domain": Str()}),
			"documentChar":         place("documentIndex"),
			"documentPage":         place("documentIndex"),
			"documentChunk":        place("documentIndex"),
			"searchResultLocation": place("searchResultIndex"),
		}),
	})
}

func searchResultShape() *Shape {
	return Structure(map[string]*Shape{
		"source":    Str(),
		"title":     Str(),
		"content":   List(Structure(map[string]*Shape{"text": Str()}, "text")),
		"citations": Structure(map[string]*Shape{"enabled": Boolean()}, "enabled"),
	}, "source", "title", "content")
}

func toolChangeShape() *Shape {
	return Structure(map[string]*Shape{
		"tool": Structure(map[string]*Shape{
			"type":       Str().Between(1, 64),
			"name":       Str().Between(1, 128),
			"serverName": Str().Between(1, 128),
		}),
	}, "tool")
}

func inferenceShape() *Shape {
	return Structure(map[string]*Shape{
		"maxTokens":     Integer().AtLeast(1),
		"temperature":   float().Between(0, 1),
		"topP":          float().Between(0, 1),
		"stopSequences": List(Str().AtLeast(1)).AtMost(2500),
	})
}

func toolConfigShape() *Shape {
	return Structure(map[string]*Shape{
		"tools": List(Union(map[string]*Shape{
			"toolSpec": Structure(map[string]*Shape{
				"name":        toolName(),
				"description": Str().AtLeast(1),
				"inputSchema": Union(map[string]*Shape{"json": anyJSON()}),
				"strict":      Boolean(),
			}, "name", "inputSchema"),
			"systemTool": Structure(map[string]*Shape{"name": toolName()}, "name"),
			"cachePoint": cachePointShape(),
		})).AtLeast(1),
		"toolChoice": Union(map[string]*Shape{
			"auto": object(),
			"any":  object(),
			"tool": Structure(map[string]*Shape{"name": toolName()}, "name"),
		}),
	}, "tools")
}

// GuardrailShape leaves the identifier's pattern out: the service has its own text for it [FACTS 2.10].
func GuardrailShape(stream bool) *Shape {
	members := map[string]*Shape{
		"guardrailIdentifier": Str().AtMost(2048),
		"guardrailVersion":    Str().matching(`(([1-9][0-9]{0,7})|(DRAFT))`),
		"trace":               Enum("enabled", "disabled", "enabled_full"),
	}
	if stream {
		members["streamProcessingMode"] = Enum("sync", "async")
	}
	return Structure(members)
}

func metadataShape() *Shape {
	const letters = `[a-zA-Z0-9\s:_@$#=/+,-.]`
	return mapOf(Str().Between(1, 256).matching(letters+`{1,256}`), Str().AtMost(256).matching(letters+`{0,256}`)).Between(
		1, 16).sensitive()
}

func outputShape() *Shape {
	return Structure(map[string]*Shape{
		"textFormat": Structure(map[string]*Shape{
			"type": Enum("json_schema"),
			"structure": Union(map[string]*Shape{
				"jsonSchema": Structure(map[string]*Shape{
					"schema":      Str(),
					"name":        Str(),
					"description": Str(),
				}, "schema"),
			}),
		}, "type", "structure"),
		"effort": Str().AtMost(16),
	})
}
