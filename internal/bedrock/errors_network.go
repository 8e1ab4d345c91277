package bedrock

import (
	"crypto/tls"
	"errors"
	"net"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// unreachable is a connection that was never made.
func unreachable(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &certificate) || errors.As(err, &op) && op.Op == "dial"
}

// brokenOff is a connection that was lost before the answer (R-ERR-45).
func brokenOff(err error) bool {
	var send *smithyhttp.RequestSendError
	return errors.As(err, &send)
}
