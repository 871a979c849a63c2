#!/bin/sh
# A self-signed X.509 certificate for the personal data, in the two files that CREATE CERTIFICATE FROM FILE reads:
# FILE.cer (DER) and FILE.pvk (the private key, encrypted by a password). 3 years.
#
#   CRM_CERT_KEY_PASSWORD=... ./crear_certificado.sh /secure/promptcrm_1
#
# The password comes from the environment: a command line can be read by every user of the machine.
# PVK encrypts with RC4, which OpenSSL 3 keeps in its legacy provider: the file is safe only where others cannot read it.
set -eu
: "${1:?usage: crear_certificado.sh FILE (without extension)}"
: "${CRM_CERT_KEY_PASSWORD:?set CRM_CERT_KEY_PASSWORD}"
export CRM_CERT_KEY_PASSWORD
umask 077

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey rsa:3072 -sha256 -days 1095 -subj "/CN=PromptCRM personal data" \
    -keyout "$work/key.pem" -passout env:CRM_CERT_KEY_PASSWORD -outform DER -out "$1.cer" 2>/dev/null
openssl rsa -provider legacy -provider default -in "$work/key.pem" -passin env:CRM_CERT_KEY_PASSWORD \
    -outform PVK -pvk-strong -out "$1.pvk" -passout env:CRM_CERT_KEY_PASSWORD 2>/dev/null
echo "wrote $1.cer and $1.pvk"
