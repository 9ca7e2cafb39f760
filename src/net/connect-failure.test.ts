import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { connectFailure } from './connect-failure.ts'

const error = (message: string, more: object = {}): Error => Object.assign(new Error(message), more)

suite('the reason of a failed connection', () => {
  const rows: readonly { name: string; error: Error; want: RegExp }[] = [
    {
      name: 'an authority that nobody knows',
      error: error('unable to verify the first certificate', {
        code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      }),
      want: /no authority that is trusted here; set tls\.ca_file to/,
    },
    {
      name: 'plain text on a TLS port',
      error: error(
        '0040:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/x.c:80:\n',
        { code: 'ERR_SSL_WRONG_VERSION_NUMBER', reason: 'wrong version number' },
      ),
      want: /^the other side does not speak TLS; .*tls\.insecure: true$/,
    },
    {
      name: 'a client without a certificate',
      error: error('0040:error:…\n', {
        code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
        reason: 'tlsv13 alert certificate required',
      }),
      want: /tls\.cert_file and tls\.key_file$/,
    },
    {
      name: 'another name',
      error: error("Host: a. is not in the cert's altnames: DNS:b", {
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      }),
      want: /tls\.server_name_override .*DNS:b/,
    },
    {
      name: 'another fault of TLS',
      error: error('0040:error:0A000410:SSL routines:\n', {
        code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
        reason: 'ssl/tls alert handshake failure',
      }),
      want: /^TLS failed: ssl\/tls alert handshake failure$/,
    },
    {
      name: 'several addresses',
      error: error('', { errors: [error('connect ECONNREFUSED ::1:1'), error('other')] }),
      want: /^connect ECONNREFUSED ::1:1$/,
    },
    { name: 'a code alone', error: error('', { code: 'EPIPE' }), want: /^EPIPE$/ },
    { name: 'a long text', error: error('x\n'.repeat(500)), want: /^[x ]{300}…$/ },
  ]
  for (const { name, error: failed, want } of rows) {
    test(name, () => assert.match(connectFailure(failed), want))
  }
})
