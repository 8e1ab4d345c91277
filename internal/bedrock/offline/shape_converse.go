package offline

// The shapes of the operations with a body, from the service model as FACTS 1.2 gives it. They are built once per
// server, because patterns are compiled in them.

type shapes struct {
	converse       *shape
	converseStream *shape
	countTokens    *shape
	apply          *shape
	checks         *shape
}

func newShapes() shapes {
	messages := list(structure(map[string]*shape{
		"role":    enum("user", "assistant", "system"),
		"content": list(contentBlock()),
	}, "role", "content")).sensitive()
	system := list(union(map[string]*shape{
		"text":         str().atLeast(1),
		"guardContent": guardContent(),
		"cachePoint":   cachePointShape(),
	})).sensitive()
	top := func(guardrail *shape) *shape {
		return structure(map[string]*shape{
			"messages":                          messages,
			"system":                            system,
			"inferenceConfig":                   inferenceShape(),
			"toolConfig":                        toolConfigShape(),
			"guardrailConfig":                   guardrail,
			"additionalModelRequestFields":      object(),
			"additionalModelResponseFieldPaths": list(str().between(1, 256)).atMost(10),
			"promptVariables":                   mapOf(nil, union(map[string]*shape{"text": str()})).sensitive(),
			"requestMetadata":                   metadataShape(),
			"performanceConfig":                 structure(map[string]*shape{"latency": enum("standard", "optimized")}),
			"serviceTier":                       structure(map[string]*shape{"type": enum("priority", "default", "flex", "reserved")}, "type"),
			"outputConfig":                      outputShape(),
		})
	}
	return shapes{
		converse:       top(guardrailShape(false)),
		converseStream: top(guardrailShape(true)),
		apply:          applyShape(),
		checks:         checksShape(),
		countTokens: structure(map[string]*shape{
			"input": union(map[string]*shape{
				"invokeModel": structure(map[string]*shape{"body": blob().atMost(25e6)}, "body"),
				"converse": structure(map[string]*shape{
					"messages":                     messages,
					"system":                       system,
					"toolConfig":                   toolConfigShape(),
					"additionalModelRequestFields": object(),
				}),
			}),
		}, "input"),
	}
}

func contentBlock() *shape {
	return union(map[string]*shape{
		"text":         str(),
		"image":        imageShape(),
		"document":     documentShape(),
		"video":        videoShape(),
		"audio":        audioShape(),
		"toolUse":      toolUseShape(),
		"toolResult":   toolResultShape(),
		"guardContent": guardContent(),
		"cachePoint":   cachePointShape(),
		"reasoningContent": union(map[string]*shape{
			"reasoningText":   structure(map[string]*shape{"text": str(), "signature": str()}, "text"),
			"redactedContent": {kind: kBlob},
		}),
		"citationsContent": structure(map[string]*shape{
			"content":   list(union(map[string]*shape{"text": str()})),
			"citations": list(citationShape()),
		}),
		"searchResult": searchResultShape(),
		"toolAddition": toolChangeShape(),
		"toolRemoval":  toolChangeShape(),
	})
}

func imageShape() *shape {
	return structure(map[string]*shape{
		"format": enum("png", "jpeg", "gif", "webp"),
		"source": mediaSource(),
		"error":  structure(map[string]*shape{"message": str()}),
	}, "format", "source")
}

func documentShape() *shape {
	return structure(map[string]*shape{
		"format": enum("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"),
		"name":   str().between(1, 200),
		"source": union(map[string]*shape{
			"bytes":      blob(),
			"s3Location": s3Shape(),
			"text":       str(),
			"content":    list(union(map[string]*shape{"text": str()})),
		}),
		"context":   str(),
		"citations": structure(map[string]*shape{"enabled": boolean()}, "enabled"),
	}, "name", "source")
}

func videoShape() *shape {
	return structure(map[string]*shape{
		"format": enum("mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"),
		"source": mediaSource(),
	}, "format", "source")
}

func audioShape() *shape {
	return structure(map[string]*shape{
		"format": enum("mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm", "webm"),
		"source": mediaSource(),
		"error":  structure(map[string]*shape{"message": str()}),
	}, "format", "source")
}

func mediaSource() *shape {
	return union(map[string]*shape{"bytes": blob(), "s3Location": s3Shape()})
}

func s3Shape() *shape {
	return structure(map[string]*shape{
		"uri":         str().between(1, 1024).matching(`s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?`),
		"bucketOwner": str().matching(`[0-9]{12}`),
	}, "uri")
}

func toolID() *shape   { return str().between(1, 64).matching(`[a-zA-Z0-9_.:-]+`) }
func toolName() *shape { return str().between(1, 64).matching(`[a-zA-Z0-9_-]+`) }

func toolUseShape() *shape {
	return structure(map[string]*shape{
		"toolUseId": toolID(),
		"name":      toolName(),
		"input":     anyJSON(),
		"type":      enum("server_tool_use"),
	}, "toolUseId", "name", "input")
}

func toolResultShape() *shape {
	return structure(map[string]*shape{
		"toolUseId": toolID(),
		"content": list(union(map[string]*shape{
			"json":         anyJSON(),
			"text":         str(),
			"image":        imageShape(),
			"document":     documentShape(),
			"video":        videoShape(),
			"searchResult": searchResultShape(),
		})),
		"status": enum("success", "error"),
		"type":   str(),
	}, "toolUseId", "content")
}

func guardContent() *shape {
	return union(map[string]*shape{
		"text": structure(map[string]*shape{
			"text":       str(),
			"qualifiers": list(enum("grounding_source", "query", "guard_content")),
		}, "text"),
		"image": structure(map[string]*shape{
			"format": enum("png", "jpeg"),
			"source": union(map[string]*shape{"bytes": blob()}),
		}, "format", "source"),
	})
}

func cachePointShape() *shape {
	return structure(map[string]*shape{"type": enum("default"), "ttl": enum("5m", "1h")}, "type")
}

func citationShape() *shape {
	place := func(index string) *shape {
		n := integer().atLeast(0)
		return structure(map[string]*shape{index: n, "start": n, "end": n})
	}
	return structure(map[string]*shape{
		"title":         str(),
		"source":        str(),
		"sourceContent": list(union(map[string]*shape{"text": str()})),
		"location": union(map[string]*shape{
			"web":                  structure(map[string]*shape{"url": str(), "domain": str()}),
			"documentChar":         place("documentIndex"),
			"documentPage":         place("documentIndex"),
			"documentChunk":        place("documentIndex"),
			"searchResultLocation": place("searchResultIndex"),
		}),
	})
}

func searchResultShape() *shape {
	return structure(map[string]*shape{
		"source":    str(),
		"title":     str(),
		"content":   list(structure(map[string]*shape{"text": str()}, "text")),
		"citations": structure(map[string]*shape{"enabled": boolean()}, "enabled"),
	}, "source", "title", "content")
}

func toolChangeShape() *shape {
	return structure(map[string]*shape{
		"tool": structure(map[string]*shape{
			"type":       str().between(1, 64),
			"name":       str().between(1, 128),
			"serverName": str().between(1, 128),
		}),
	}, "tool")
}

func inferenceShape() *shape {
	return structure(map[string]*shape{
		"maxTokens":     integer().atLeast(1),
		"temperature":   float().between(0, 1),
		"topP":          float().between(0, 1),
		"stopSequences": list(str().atLeast(1)).atMost(2500),
	})
}

func toolConfigShape() *shape {
	return structure(map[string]*shape{
		"tools": list(union(map[string]*shape{
			"toolSpec": structure(map[string]*shape{
				"name":        toolName(),
				"description": str().atLeast(1),
				"inputSchema": union(map[string]*shape{"json": anyJSON()}),
				"strict":      boolean(),
			}, "name", "inputSchema"),
			"systemTool": structure(map[string]*shape{"name": toolName()}, "name"),
			"cachePoint": cachePointShape(),
		})).atLeast(1),
		"toolChoice": union(map[string]*shape{
			"auto": object(),
			"any":  object(),
			"tool": structure(map[string]*shape{"name": toolName()}, "name"),
		}),
	}, "tools")
}

// guardrailShape leaves the identifier's pattern out: the service has its own text for it [FACTS 2.10].
func guardrailShape(stream bool) *shape {
	members := map[string]*shape{
		"guardrailIdentifier": str().atMost(2048),
		"guardrailVersion":    str().matching(`(([1-9][0-9]{0,7})|(DRAFT))`),
		"trace":               enum("enabled", "disabled", "enabled_full"),
	}
	if stream {
		members["streamProcessingMode"] = enum("sync", "async")
	}
	return structure(members)
}

func metadataShape() *shape {
	const letters = `[a-zA-Z0-9\s:_@$#=/+,-.]`
	return mapOf(str().between(1, 256).matching(letters+`{1,256}`), str().atMost(256).matching(letters+`{0,256}`)).between(1, 16).sensitive()
}

func outputShape() *shape {
	return structure(map[string]*shape{
		"textFormat": structure(map[string]*shape{
			"type": enum("json_schema"),
			"structure": union(map[string]*shape{
				"jsonSchema": structure(map[string]*shape{
					"schema":      str(),
					"name":        str(),
					"description": str(),
				}, "schema"),
			}),
		}, "type", "structure"),
		"effort": str().atMost(16),
	})
}
