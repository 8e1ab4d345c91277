package offline

import "net/http"

// reply is a whole answer before it is sent: status, headers, and either a body or the frames of an event stream. Nothing of it
// depends on time; deliver adds pace and faults.
type reply struct {
	status int
	header http.Header
	body   []byte
	stream bool
	frames []frame
}

// frame is one encoded message of an event stream; event names its type.
type frame struct {
	event string
	bytes []byte
}

func okJSON(body []byte) *reply {
	return &reply{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

func okStream(frames []frame) *reply {
	return &reply{status: http.StatusOK, header: http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}}, stream: true, frames: frames}
}
