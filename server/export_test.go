package server

import (
	"outcrop/internal/dialect"
	"outcrop/internal/pipeline"
)

// Also lets a server answer one more path, in a dialect that a test brings.
func (s *Server) Also(path string, e *pipeline.Endpoint, d *dialect.Dialect) {
	s.served = append(s.served, endpoint{path, e, d})
	s.publish()
}
