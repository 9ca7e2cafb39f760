import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { maskedText } from '../../../test/support/masked.ts'

const random = 'k7Qz2mXw9LpR4vTn6YbH3cJd8FgS5aUe'.repeat(8)
const hex = '9f86d081884c7d659a2feaa0c55ad015'.repeat(5)
const upper = random.toUpperCase()

const secret = '<generic_secret>'

suite('a value beside a word for secrets is masked, however it is written:', () => {
  const rows: readonly (readonly [text: string, want: string])[] = [
    ['SECRET_KEY=abcd1234efgh', `SECRET_KEY=${secret}`],
    ['secretKey: "abcd1234efgh"', `secretKey: "${secret}"`],
    ['DB_PASSWORD=swordfish', `DB_PASSWORD=${secret}`],
    ['password: "correct horse battery"', `password: "${secret}"`],
    ['{"password":87654321,"x":1}', `{"password":${secret},"x":1}`],
    ['{"password":"a\\"b cd"}', `{"password":"${secret}"}`],
    ['{\\"password\\":\\"hunter2\\"}', `{\\"password\\":\\"${secret}\\"}`],
    ['db:\n  password: swordfish\n  user: jane', `db:\n  password: ${secret}\n  user: jane`],
    ['db_password: swordfish', `db_password: ${secret}`],
    ['- name: DB_PASSWORD\n  value: swordfish', `- name: DB_PASSWORD\n  value: ${secret}`],
    ['- name: API_KEY\n  value: abc123def456', `- name: API_KEY\n  value: ${secret}`],
    ['- name: API_KEY\\n  value: abc123def456', `- name: API_KEY\\n  value: ${secret}`],
    ['CREDENTIALS="abc123def456"', `CREDENTIALS="${secret}"`],
    ['<token\n  id="x">abc123def456</token>', `<token\n  id="x">${secret}</token>`],
    [
      '\u041f\u0430\u0440\u043e\u043b\u044c: swordfish12',
      `\u041f\u0430\u0440\u043e\u043b\u044c: ${secret}`,
    ],
    ['\u5bc6\u7801\uff1aswordfish12', `\u5bc6\u7801\uff1a${secret}`],
    ['{"name":"DB_PASSWORD","value":"swordfish"}', `{"name":"DB_PASSWORD","value":"${secret}"}`],
    [
      '{"key":"password","value":{"stringValue":"swordfish"}}',
      `{"key":"password","value":{"stringValue":"${secret}"}}`,
    ],
    ['<password>swordfish</password>', `<password>${secret}</password>`],
    ['<Password type="text">swordfish</Password>', `<Password type="text">${secret}</Password>`],
    ['<add key="Password" value="swordfish"/>', `<add key="Password" value="${secret}"/>`],
    ['psql --password swordfish -h db', `psql --password ${secret} -h db`],
    ['$pass = "hunter2x"', `$pass = "${secret}"`],
    ['GET /login?user=jane&password=abc&x=1', `GET /login?user=jane&password=${secret}&x=1`],
    ['password=abc', `password=${secret}`],
    ['[12] password=ab]cd user=jane', `[12] password=${secret} user=jane`],
    ['password=hunter(2)x}y z', `password=${secret} z`],
    ['login(password=abc).then', `login(password=${secret}).then`],
    ['User{password=abc}@1f2e', `User{password=${secret}}@1f2e`],
    ['{"user":{"password":12345}}', `{"user":{"password":${secret}}}`],
    ["ALTER USER app WITH PASSWORD 'Tr0ub4dor&3';", `ALTER USER app WITH PASSWORD '${secret}';`],
    ["alter role app password 'swordfish'", `alter role app password '${secret}'`],
    ["CREATE USER bob IDENTIFIED BY 'swordfish'", `CREATE USER bob IDENTIFIED BY '${secret}'`],
    [
      'create user bob identified with caching_sha2_password by "swordfish"',
      `create user bob identified with caching_sha2_password by "${secret}"`,
    ],
    [
      "GRANT ALL ON *.* TO 'bob'@'%' IDENTIFIED BY 'swordfish'",
      `GRANT ALL ON *.* TO 'bob'@'%' IDENTIFIED BY '${secret}'`,
    ],
    ["SET PASSWORD FOR 'u'@'%' = 'swordfish'", `SET PASSWORD FOR 'u'@'%' = '${secret}'`],
    [
      "ALTER ROLE a ENCRYPTED PASSWORD 'it\\'s swordfish'",
      `ALTER ROLE a ENCRYPTED PASSWORD '${secret}'`,
    ],
    ['user=jane pass=hunter2', `user=jane pass=${secret}`],
    ['user=jane pw=hunter2x', `user=jane pw=${secret}`],
    [
      'amqp://guest:secret@mq:5672/ and https://u:password@h/',
      'amqp://guest:<url_credentials>@mq:5672/ and https://u:<url_credentials>@h/',
    ],
    ['https://u:$PASSWORD@h/ https://u:***@h/', 'https://u:$PASSWORD@h/ https://u:***@h/'],
    ['the password is hunter2', `the password is ${secret}`],
    ['passwordConfirmation=hunter2', `passwordConfirmation=${secret}`],
    ['mot de passe : hunter2x', `mot de passe : ${secret}`],
    ['пароль: hunter2x', `пароль: ${secret}`],
    ["host=db user=u password='hunter 2' dbname=x", `host=db user=u password='${secret}' dbname=x`],
    ['Cookie: session=9f86d081884c; theme=dark', `Cookie: session=${secret}; theme=dark`],
    ['Set-Cookie: sid=9f86d081884c; Path=/', `Set-Cookie: sid=${secret}; Path=/`],
    ['curl -sSu jane:swordfish https://x/', 'curl -sSu jane:<authorization> https://x/'],
    ["curl -X POST -u 'jane:sword:fish'", "curl -X POST -u 'jane:<authorization>'"],
    ['"curl", "--user", "jane:swordfish"', '"curl", "--user", "jane:<authorization>"'],
    ['curl --proxy-user=j:pw https://x', 'curl --proxy-user=j:<authorization> https://x'],
    ['curl https://x \\\n  -u jane:swordfish', 'curl https://x \\\n  -u jane:<authorization>'],
    ["curl --user jane:'swordfish' https://x", "curl --user jane:'<authorization>' https://x"],
    ['curl --user "jane":"swordfish"', 'curl --user "jane":"<authorization>"'],
    ['curl -u ":swordfish" https://x', 'curl -u ":<authorization>" https://x'],
    ['curl -u ":" https://x', 'curl -u ":" https://x'],
    ['curl -u "$1:$2" https://x', 'curl -u "$1:$2" https://x'],
    ['curl -u "\x24{{a.id}}:\x24{{a.password}}"', 'curl -u "\x24{{a.id}}:\x24{{a.password}}"'],
    ['curl -u https://x -A a:b', 'curl -u https://x -A a:b'],
    ['curl -u "$USER:$TOKEN" https://x', 'curl -u "$USER:$TOKEN" https://x'],
    ['sort -u a:b', 'sort -u a:b'],
    ['Authorization: 9f86d081884c7d65', 'Authorization: <authorization>'],
    ['{"Authorization":["Bearer 9f86d081884c"]}', '{"Authorization":["Bearer <authorization>"]}'],
    [
      'Authorization: Digest username="j", response="66 29"',
      'Authorization: Digest <authorization>',
    ],
    [
      'Authorization: AWS4-HMAC-SHA256 Credential=x/y, SignedHeaders=host, Signature=9f86d081',
      'Authorization: AWS4-HMAC-SHA256 <authorization>',
    ],
    ['var apiToken string = "9f86d081884c7d65"', `var apiToken string = "${secret}"`],
    ['const apiToken: string = "9f86d081884c7d65"', `const apiToken: string = "${secret}"`],
    ['API_TOKEN ::= "9f86d081884c7d65"', `API_TOKEN ::= "${secret}"`],
    ['API_TOKEN ?= 9f86d081884c7d65', `API_TOKEN ?= ${secret}`],
    ['$apiToken .= "9f86d081884c7d65"', `$apiToken .= "${secret}"`],
    ['setProperty("API_TOKEN", "9f86d081884c7d65")', `setProperty("API_TOKEN", "${secret}")`],
    ['<apiToken>\n  9f86d081884c7d65\n</apiToken>', `<apiToken>\n  ${secret}\n</apiToken>`],
    ['jane:hunter2@tcp(db:3306)/shop', 'jane:<connection_string>@tcp(db:3306)/shop'],
    [
      'jdbc:oracle:thin:scott/tiger@//db:1521/x',
      'jdbc:oracle:thin:scott/<connection_string>@//db:1521/x',
    ],
  ]
  for (const [text, want] of rows) {
    test(text, () => assert.equal(maskedText(text), want))
  }

  const keys: readonly (readonly [key: string, text: string, want: string])[] = [
    ['password.value', 'swordfish', secret],
    ['credentials.password.old', 'swordfish', secret],
    ['password_confirmation', 'swordfish', secret],
    ['new_password2', 'swordfish', secret],
    ['api_key.primary', 'abcd1234efgh5678', secret],
    ['http.request.header.cookie', 'sid=9f86d081884c; theme=dark', `sid=${secret}; theme=dark`],
    ['session_cookie', '9f86d081884c', secret],
    // What is told about a secret.
    ['k8s.secret.name', 'db-credentials', 'db-credentials'],
    ['password.policy', 'strict', 'strict'],
    ['pwd', '/usr/src/app', '/usr/src/app'],
  ]
  for (const [key, text, want] of keys) {
    test(`${key}: ${text}`, () => assert.equal(maskedText(text, {}, key), want))
  }

  const left = [
    'PWD=/usr/src/app',
    'OLDPWD=C:\\work',
    'sudo: jane : TTY=pts/0 ; PWD=/home/jane ; USER=root ; COMMAND=/bin/ls',
    "the issue was identified by 'jane'",
    "the field password 'must be longer'",
    "ALTER USER app PASSWORD '***'",
    'wrong password: unauthorized user',
    'enter the password: please wait',
    'pass: 12 fail: 3',
    'password is required',
    'Cookie: theme=dark; lang=en',
    'secret "db-credentials" not found',
    'bypass=true',
    'password=yes',
    'password: no such user',
    'power pw=12.5',
    'in("password", "username2")',
    '["password", "user1name2x"]',
    'the token was taken = "yes"',
    'Digest realm="shop", nonce="9f86"',
  ]
  for (const text of left) {
    test(`left: ${text}`, () =>
      assert.equal(
        maskedText(text, { detectors: ['generic_secret', 'authorization', 'connection_string'] }),
        text,
      ))
  }
})

suite('tokens of services:', () => {
  const rows: readonly (readonly [detector: string, token: string])[] = [
    ['aws_key', `aws_secret_access_key ${random.slice(0, 40)}`],
    ['aws_key', `ABSK${random.slice(0, 110)}`],
    ['gcp_key', `1//0${random.slice(0, 60)}`],
    ['jwt', `eyAiYWxnIjoiSFMyNTYifQ==.eyAic3ViIjoxfQ==.${random.slice(0, 43)}`],
    // Without a signature, or cut off before it.
    ['jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lQGV4YW1wbGUuY29tIn0'],
    ['azure_key', `https://x.environment.api/invoke?sig=a-b_${random.slice(0, 39)}`],
    [
      'github_token',
      `ghs_12345_eyJ${random.slice(0, 60)}.${random.slice(0, 60)}.${random.slice(0, 43)}`,
    ],
    ['gitlab_token', `glrtr-${random.slice(0, 20)}`],
    ['slack_token', `xoxd-${random.slice(0, 40)}%2B${random.slice(0, 30)}%3D`],
    ['ai_service_key', `sk-or-v1-${hex.slice(0, 64)}`],
    ['ai_service_key', `xai-${random.slice(0, 80)}`],
    ['ai_service_key', `pplx-${random.slice(0, 48)}`],
    ['messaging_key', `xkeysib-${hex.slice(0, 64)}-${random.slice(0, 16)}`],
    ['messaging_key', `MTk4NjIyNDgzNDcxOTI1MjQ4.Xk2MpQ.${random.slice(0, 27)}`],
    ['messaging_key', `OTA0MTIzNDU2Nzg5MDEyMzQ1Ng.Xk2MpQ.${random.slice(0, 38)}`],
    ['messaging_key', `${hex.slice(0, 32)}-us21`],
    ['messaging_key', `${hex.slice(0, 32)}-9f86d081-884c7d65`],
    ['messaging_key', `https://discord.com/api/webhooks/123456789012345678/${random.slice(0, 68)}`],
    ['commerce_key', `sandbox-sq0csb-${random.slice(0, 43)}`],
    ['commerce_key', `shippo_live_${hex.slice(0, 40)}`],
    ['commerce_key', 'access-production-9f86d081-884c-7d65-9a2f-eaa0c55ad015'],
    ['commerce_key', `rzp_live_${random.slice(0, 14)}`],
    ['infrastructure_token', `FlyV1 fm2_${random.slice(0, 200)}`],
    ['infrastructure_token', `HRKU-${random.slice(0, 60)}`],
    ['infrastructure_token', `tskey-auth-${random.slice(0, 16)}-${random.slice(0, 32)}`],
    [
      'infrastructure_token',
      'AGE-SECRET-KEY-1QL7ZPRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KH',
    ],
    ['infrastructure_token', `sbp_${hex.slice(0, 40)}`],
    ['developer_token', `ATCTT3xFf${random.slice(0, 180)}`],
    ['developer_token', `ntn_${random.slice(0, 46)}`],
    ['developer_token', `figd_${random.slice(0, 40)}`],
    ['developer_token', `pat${random.slice(0, 14)}.${hex.slice(0, 64)}`],
    ['developer_token', 'pat-na1-9f86d081-884c-7d65-9a2f-eaa0c55ad015'],
    ['developer_token', `oy2${random.toLowerCase().slice(0, 43)}`],
    ['developer_token', `AKCp${random.slice(0, 69)}`],
    ['developer_token', `squ_${hex.slice(0, 40)}`],
    ['developer_token', `sk.eyJ${random.slice(0, 60)}.${random.slice(0, 22)}`],
    ['developer_token', `ops_eyJ${random.slice(0, 240)}`],
    ['developer_token', `NRII-a-b_${random.slice(0, 28)}`],
    ['developer_token', `${hex.slice(0, 32)}FFFFNRAL`],
    ['developer_token', `eu01xx${hex.slice(0, 26)}FFFFNRAL`],
    ['developer_token', `NRAK-${upper.slice(0, 27)}`],
  ]
  for (const [detector, token] of rows) {
    test(`${detector}: ${token.slice(0, 24)}…`, () => {
      const masked = maskedText(`x ${token} y`)
      assert.match(masked, new RegExp(`<${detector}>`))
      assert.ok(!masked.includes(token.slice(-12)), masked)
    })
  }
  test('a commit beside the words of a secret key is none', () => {
    const text = `aws secret key rotated in ${hex.slice(0, 40)}`
    assert.equal(maskedText(text, { detectors: ['aws_key'] }), text)
  })
})
