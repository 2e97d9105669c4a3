// A webhook that does nothing: it reads a review and allows it. What ours adds to a write is compared with what it adds.
//
// Listens on a free port of 127.0.0.1 with a certificate of its own, and prints `PORT CERTIFICATE`, the latter in PEM and
// base64, as a webhook's `caBundle` wants it.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

type review struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Request    json.RawMessage `json:"request,omitempty"`
	Response   *response       `json:"response,omitempty"`
}

type response struct {
	UID      string   `json:"uid"`
	Allowed  bool     `json:"allowed"`
	Warnings []string `json:"warnings"`
}

// Says that it was asked.
var warnings = []string{"no-op"}

func answer(w http.ResponseWriter, r *http.Request) {
	var asked review
	var request struct {
		UID string `json:"uid"`
	}
	err := json.NewDecoder(r.Body).Decode(&asked)
	if err == nil {
		err = json.Unmarshal(asked.Request, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(review{asked.APIVersion, asked.Kind, nil, &response{request.UID, true, warnings}})
}

func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func main() {
	shown, err := certificate()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: shown.Certificate[0]})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, base64.StdEncoding.EncodeToString(block))
	server := http.Server{Handler: http.HandlerFunc(answer), TLSConfig: &tls.Config{Certificates: []tls.Certificate{shown}}}
	log.Fatal(server.ServeTLS(listener, "", ""))
}
