package main

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"

	"outcrop/internal/config"
)

// certificate is the certificate of the moment. Its files are read again on a reload; what cannot be read leaves the
// old one.
type certificate struct {
	now atomic.Pointer[tls.Certificate]
}

func newCertificate(files config.TLS) (*certificate, error) {
	pair, err := readCertificate(files)
	if err != nil {
		return nil, err
	}
	c := &certificate{}
	c.now.Store(pair)
	return c, nil
}

func readCertificate(files config.TLS) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the TLS certificate: %w", err)
	}
	return &pair, nil
}

// config is what a listener needs.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil },
	}
}
