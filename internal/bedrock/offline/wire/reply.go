package wire

import "net/http"

// Reply is a whole answer before it is sent: status, headers, and either a body or the frames of an event stream.
// Nothing of it depends on time; deliver adds pace and faults.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	Stream bool
	Frames []Frame
}

// Frame is one encoded message of an event stream; event names its type.
type Frame struct {
	Event string
	Bytes []byte
}

// OkJSON is a 200 with a body.
func OkJSON(body []byte) *Reply {
	return &Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

// OkStream is a 200 with an event stream.
func OkStream(frames []Frame) *Reply {
	return &Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}},
		Stream: true, Frames: frames}
}
