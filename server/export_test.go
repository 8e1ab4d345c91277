package server

import (
	"outcrop/internal/call"
	"outcrop/internal/dialect"
)

// Also lets a server answer one more path, in a dialect that a test brings.
func (s *Server) Also(path string, e *call.Endpoint, d *dialect.Dialect) {
	s.served = append(s.served, endpoint{path, e, d})
	s.publish()
}
