package bedrock

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"outcrop/internal/catalog"
)

// account is an AWS that takes one access key at a time.
type account struct {
	takes atomic.Value // string
	only  string       // what the scope of a signature must hold: the region that the account has opted in to; "" is any
	calls atomic.Int32
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	a.calls.Add(1)
	switch {
	case !strings.Contains(r.Header.Get("Authorization"), "Credential="+a.takes.Load().(string)+"/") ||
		!strings.Contains(r.Header.Get("Authorization"), a.only):
		refuse(w, 403, "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`)
	case strings.HasSuffix(r.URL.Path, "-stream"):
		streamed(w, wholeReply)
	case r.Method == http.MethodGet:
		reply(w, `{}`)
	default:
		reply(w, plainReply)
	}
}

// Do answers without a network, for tests in a bubble of time.
func (a *account) Do(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	a.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// profileFile writes a credentials file of AWS.
func profileFile(t *testing.T, path, key string) {
	t.Helper()
	text := "[default]\naws_access_key_id = " + key + "\naws_secret_access_key = SECRETEXAMPLE\n"
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// fromProfile is a gateway whose key is in a file.
func fromProfile(t *testing.T, key string) (*account, string) {
	t.Helper()
	isolate(t)
	path := filepath.Join(t.TempDir(), "credentials")
	profileFile(t, path, key)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
	a := &account{}
	a.takes.Store(key)
	return a, path
}

func opened(t *testing.T, a *account, told func(string, error)) *Bedrock {
	t.Helper()
	cfg := Default()
	cfg.OnCredentials = told
	b, err := New(t.Context(), cfg, config.WithHTTPClient(a))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMendD1ACallWhoseKeyWasRotatedIsMadeAgainWithTheNewOne(t *testing.T) {
	for name, call := range map[string]func(*testing.T, *Bedrock) error{
		"plain": func(t *testing.T, b *Bedrock) error {
			_, err := clientOf(t, b, catalog.Target{}).Converse(t.Context(), plainInput())
			return err
		},
		"streamed": func(t *testing.T, b *Bedrock) error {
			_, events, err := clientOf(t, b, catalog.Target{}).ConverseStream(t.Context(), streamInput())
			if err == nil {
				_, err = drain(events)
			}
			return err
		},
		"control plane": func(t *testing.T, b *Bedrock) error {
			_, err := b.Listing(t.Context())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, path := fromProfile(t, "AKIDOLD")
			b := opened(t, a, nil)
			if err := call(t, b); err != nil {
				t.Fatal(err)
			}
			before := a.calls.Load()
			if err := call(t, b); err != nil {
				t.Fatal(err)
			}
			usual := a.calls.Load() - before
			a.takes.Store("AKIDNEW")
			profileFile(t, path, "AKIDNEW")
			before = a.calls.Load()
			if err := call(t, b); err != nil {
				t.Fatal(err)
			}
			if tries := a.calls.Load() - before; tries != usual+1 {
				t.Errorf("%d calls, want one more than %d", tries, usual)
			}
			if err := b.Refused(); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestMendD1ManyCallsAtTheMomentOfARotation(t *testing.T) {
	a, path := fromProfile(t, "AKIDOLD")
	var renewed atomic.Int32
	b := opened(t, a, func(event string, _ error) {
		if event == CredentialsRenewed {
			renewed.Add(1)
		}
	})
	client := clientOf(t, b, catalog.Target{})
	a.takes.Store("AKIDNEW")
	profileFile(t, path, "AKIDNEW")
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if _, err := client.Converse(t.Context(), plainInput()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := renewed.Load(); n != 1 {
		t.Errorf("renewed %d times", n)
	}
}

func TestMendD1ARefusalWithoutOtherCredentialsIsNotRepeatedAndTold(t *testing.T) {
	a, path := fromProfile(t, "AKIDOLD")
	var events []string
	b := opened(t, a, func(event string, _ error) { events = append(events, event) })
	client := clientOf(t, b, catalog.Target{})
	a.takes.Store("AKIDNEW")
	for range 3 {
		_, err := client.Converse(t.Context(), plainInput())
		if e := asFault(t, err); e.Code != codeAuthentication {
			t.Errorf("R-ERR-36 %+v", e)
		}
	}
	if n := a.calls.Load(); n != 3 {
		t.Errorf("%d calls for three requests", n)
	}
	if b.Refused() == nil {
		t.Error("nobody can tell that no credentials work")
	}
	profileFile(t, path, "AKIDNEW")
	if err := b.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Converse(t.Context(), plainInput()); err != nil || b.Refused() != nil {
		t.Errorf("after SIGHUP: %v, refused %v", err, b.Refused())
	}
	if want := []string{CredentialsRefused, CredentialsRenewed, CredentialsAccepted}; !slices.Equal(events, want) {
		t.Errorf("events %q, want %q", events, want)
	}
	if err := os.WriteFile(path, []byte("[default"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Renew(t.Context()); err == nil {
		t.Error("a broken file is taken over")
	}
	if _, err := client.Converse(t.Context(), plainInput()); err != nil {
		t.Errorf("after a broken file: %v", err)
	}
}

// A region that the account has not opted in to knows no key of it: that says nothing about the credentials, and a
// gateway that works at home stays ready.
func TestMendD1ARegionThatKnowsNobodyTakesNoReadinessAway(t *testing.T) {
	a, _ := fromProfile(t, "AKIDGOOD")
	b := opened(t, a, func(event string, err error) { t.Errorf("%s: %v", event, err) })
	a.only = "/us-east-1/"
	for _, region := range []string{"", "me-central-1", ""} {
		_, err := clientOf(t, b, catalog.Target{Region: region}).Converse(t.Context(), plainInput())
		if (err != nil) != (region != "") || b.Refused() != nil {
			t.Errorf("in %q: %v, refused %v", region, err, b.Refused())
		}
	}
}

func TestMendD1ARoleWhoseSessionIsRefusedIsAssumedAgain(t *testing.T) {
	isolate(t)
	var assumed atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			n := strconv.Itoa(int(assumed.Add(1)))
			_, _ = w.Write([]byte(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
				`<AccessKeyId>ASIAROLE` + n + `</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
				`<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`))
			return
		}
		if strings.Contains(r.Header.Get("Authorization"), "ASIAROLE1/") {
			refuse(w, 403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`)
			return
		}
		reply(w, plainReply)
	}))
	defer server.Close()
	b := connect(t, server.URL)
	defer closeIdle(b)
	c := clientOf(t, b, catalog.Target{Role: "arn:aws:iam::123456789012:role/team"})
	if _, err := c.Converse(t.Context(), plainInput()); err != nil || assumed.Load() != 2 {
		t.Errorf("%v after %d assumptions of the role", err, assumed.Load())
	}
}

func TestMendD1AFileThatChangesIsReadAndAWSIsAskedWhileItRefuses(t *testing.T) {
	a, path := fromProfile(t, "AKIDOLD")
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var events []string
		b := opened(t, a, func(event string, _ error) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, event)
		})
		ctx, cancel := context.WithCancel(t.Context())
		var watch sync.WaitGroup
		watch.Go(func() { b.Watch(ctx) })
		defer watch.Wait()
		defer cancel()
		synctest.Wait()
		step := func(wait time.Duration, want ...string) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(events, want) {
				t.Errorf("events %q, want %q", events, want)
			}
			events = nil
		}
		step(time.Hour)
		if n := a.calls.Load(); n != 0 {
			t.Errorf("%d calls although all is well", n)
		}
		a.takes.Store("AKIDNEW")
		profileFile(t, path, "AKIDNEW")
		step(watchEvery+time.Second, CredentialsRenewed)
		_ = os.WriteFile(path, []byte("[default]\naws_access_key_id = half"), 0o600)
		step(watchEvery, CredentialsKept)
		if _, err := clientOf(t, b, catalog.Target{}).Converse(t.Context(), plainInput()); err != nil {
			t.Errorf("after a broken file: %v", err)
		}
		profileFile(t, path, "AKIDNEW")
		step(watchEvery)
		a.takes.Store("AKIDOTHER") // the key was deleted
		_, _ = clientOf(t, b, catalog.Target{}).Converse(t.Context(), plainInput())
		step(0, CredentialsRefused)
		step(10 * time.Minute)
		a.takes.Store("AKIDNEW") // and is there again: nobody calls a gateway that is not ready
		step(probeEvery+watchEvery, CredentialsAccepted)
	})
}

func TestMendD1AnotherBundleOfAuthoritiesIsTakenOver(t *testing.T) {
	isolate(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reply(w, plainReply)
	}))
	defer secure.Close()
	secure.Config.ErrorLog = nil
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, public, private)
	if err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	trust := func(der []byte) {
		t.Helper()
		if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trust(other)
	for name, value := range map[string]string{
		"AWS_CA_BUNDLE": bundle, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": secure.URL,
		"AWS_ACCESS_KEY_ID": testKey, "AWS_SECRET_ACCESS_KEY": "SECRETEXAMPLE",
	} {
		t.Setenv(name, value)
	}
	cfg := Default()
	cfg.MaxAttempts = 1
	b, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer closeIdle(b)
	c := clientOf(t, b, catalog.Target{})
	if _, err := c.Converse(t.Context(), plainInput()); err == nil {
		t.Fatal("an unknown authority is trusted")
	}
	trust(secure.Certificate().Raw)
	if err := b.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Converse(t.Context(), plainInput()); err != nil {
		t.Errorf("with the new bundle: %v", err)
	}
}
