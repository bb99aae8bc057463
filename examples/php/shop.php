<?php
/*
 * A small shop: tells the gateway what happens, and takes the gateway's notices. PHP alone, no packages.
 *
 *     php shop.php day [number]              a day of the shop, event by event; its ids have the number, else the time
 *     php -S 127.0.0.1:8090 shop.php         take notices on port 8090, and print each once
 *     php shop.php basket TOKEN [GOODS=QUANTITY …]
 *                                            what a basket with these goods holds after a recovery link of the gateway
 *                                            was followed
 *
 * GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. SIGNING_SECRET: signs requests, if the shop has one.
 * NOTICE_SECRET: checks notices.
 */

declare(strict_types=1);

// -- signatures (Standard Webhooks): the same for what we send and for what we are sent

function signature(string $secret, string $messageId, string $timestamp, string $body): string
{
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    return 'v1,' . base64_encode(hash_hmac('sha256', "$messageId.$timestamp.$body", $key, true));
}

/** Over the raw body, before anything is read from it; not older than five minutes; in constant time. */
function isGenuine(string $secret, string $messageId, string $timestamp, string $said, string $body): bool
{
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $wanted = signature($secret, $messageId, $timestamp, $body);
    $genuine = false;
    foreach (explode(' ', $said) as $one) {
        $genuine = hash_equals($wanted, $one) || $genuine;
    }
    return $genuine;
}

// -- what happens in the shop

/** Posts events. A real shop writes them into a table of its own first and posts them from there. */
final class Gateway
{
    public function __construct(
        private readonly string $url,
        private readonly string $shop,
        private readonly string $key,
        private readonly string $signingSecret = '',
    ) {
    }

    /** The receipt. The same event may be told again whenever its answer is missing: it has one effect. */
    public function tell(string $path, array $event): array
    {
        $body = json_encode($event, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
        for ($pause = 1; ; $pause = min(2 * $pause, 60)) {
            [$status, $answer] = $this->ask('POST', $path, $body, $event['event_id']);
            if ($status >= 200 && $status < 300) {
                return $answer;
            }
            if ($status !== 0 && $status !== 429 && $status !== 503) {
                fwrite(STDERR, "$path was refused: " . json_encode($answer) . "\n");
                exit(1); // it must be mended first
            }
            sleep($pause);
        }
    }

    /** [id of a product => quantity] behind a recovery link; nothing if the link is too old, or none of ours. */
    public function goodsOf(string $token): array
    {
        $body = json_encode(['token' => $token], JSON_THROW_ON_ERROR);
        [$status, $answer] = $this->ask('POST', 'recovered-carts', $body, 'basket-' . substr($token, -40));
        if ($status === 404) {
            return [];
        }
        if ($status !== 200) {
            fwrite(STDERR, "the link could not be opened: " . json_encode($answer) . "\n");
            exit(1);
        }
        return array_column($answer['items'], 'quantity', 'product_id');
    }

    public function read(string $path): array
    {
        return $this->ask('GET', $path)[1];
    }

    /** The status, 0 without an answer, and what was answered. */
    private function ask(string $method, string $path, string $body = '', string $messageId = ''): array
    {
        $headers = ["Authorization: Bearer $this->key", 'Content-Type: application/json'];
        if ($this->signingSecret !== '' && $method === 'POST') {
            $now = (string) time();
            $headers[] = "webhook-id: $messageId";
            $headers[] = "webhook-timestamp: $now";
            $headers[] = 'webhook-signature: ' . signature($this->signingSecret, $messageId, $now, $body);
        }
        $options = ['method' => $method, 'header' => $headers, 'content' => $body, 'ignore_errors' => true, 'timeout' => 30];
        $answer = @file_get_contents("$this->url/v1/shops/$this->shop/$path", false, stream_context_create(['http' => $options]));
        if ($answer === false) {
            return [0, []];
        }
        preg_match('/ (\d{3})/', $http_response_header[0], $found);
        return [(int) $found[1], json_decode($answer, true) ?? []];
    }
}

/** [path, event] of a day. $number makes its ids those of this day. */
function aDay(int $number): iterable
{
    $minute = 0;
    $event = function (string $name, array $content) use ($number, &$minute): array {
        $at = new DateTimeImmutable('-' . (60 - ++$minute) . ' minutes');
        return ['event_id' => "$name-$number", 'occurred_at' => $at->format(DATE_RFC3339)] + $content;
    };
    $jan = "jan-$number@example.com";
    $ewa = "ewa-$number@example.com";
    $customer = [
        'id' => "c$number",
        'email' => $jan,
        'first_name' => 'Jan',
        'last_name' => 'Kowalski',
        'phone' => '600 100 200',
        'address' => ['street' => 'Polna 1', 'postal_code' => '00-001', 'city' => 'Warszawa', 'country' => 'PL'],
        'newsletter' => ['email' => true],
    ];
    $shoes = ['product_id' => '101', 'name' => 'Buty do biegania', 'unit_price' => '199.99', 'menu_paths' => ['Obuwie/Męskie/Sportowe']];
    $order = ['id' => "o$number", 'currency' => 'PLN', 'value' => '214.98', 'items' => [$shoes], 'pickup_point' => 'Paczkomat WAW01A'];
    $cart = ['id' => "b$number", 'currency' => 'PLN', 'value' => '199.99', 'items' => [$shoes]];
    $back = ['items' => [['product_id' => '101', 'name' => $shoes['name'], 'quantity' => 1]], 'value' => '199.99', 'currency' => 'PLN'];
    $proof = ['text_version' => '2026-03', 'ip' => '192.0.2.10'];
    yield ['registrations', $event('registered', ['customer' => $customer, 'source' => 'google'])];
    yield ['subscriptions', $event('subscribed', ['email' => $ewa, 'has_account' => false, 'consent' => $proof])];
    yield ['carts', $event('cart', ['email' => $jan, 'cart' => $cart])];
    yield ['orders', $event('ordered', ['customer' => $customer, 'order' => $order, 'transfer_consent' => 'given'])];
    yield ['tag-edits', $event('tagged', ['email' => $jan, 'added' => ['vip']])];
    yield ['tag-edits', $event('renamed', ['email' => $jan, 'renamed' => [['from' => 'vip', 'to' => 'vip 2026']]])];
    yield ['order-returns', $event('returned', ['order_id' => $order['id'], 'return_id' => "r$number", 'email' => $jan] + $back)];
    yield ['unsubscriptions', $event('left', ['email' => $ewa, 'confirmed' => true])];
}

/** Tell the day, and show what became of it. Ends once the order was passed on. */
function day(Gateway $gateway, int $number): void
{
    foreach (aDay($number) as [$path, $event]) {
        $receipt = $gateway->tell($path, $event);
        echo trim("$path: {$receipt['result']} " . implode(' ', $receipt['warnings'])), "\n";
    }
    for ($tries = 0; $tries < 300; $tries++) {
        $found = $gateway->read("events/ordered-$number");
        if (!in_array($found['state'], ['received', 'planned'], true)) {
            break;
        }
        usleep(100_000);
    }
    echo "the order is {$found['state']}: ", implode(' ', array_column($found['commands'], 'command')), "\n";
}

// -- a recovery link

/** What the basket holds once the link was followed: nothing of it is lost, and following the link twice doubles nothing. */
function restored(array $basket, array $goods): array
{
    foreach ($goods as $product => $quantity) {
        if ((float) $quantity > (float) ($basket[$product] ?? '0')) {
            $basket[$product] = $quantity;
        }
    }
    return $basket;
}

function basket(Gateway $gateway, string $token, array $goods): void
{
    $there = [];
    foreach ($goods as $one) {
        [$product, $quantity] = explode('=', $one, 2);
        $there[$product] = $quantity;
    }
    foreach (restored($there, $gateway->goodsOf($token)) as $product => $quantity) {
        echo "$product: $quantity\n";
    }
}

// -- what the gateway tells the shop

function takeRequest(): void
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        http_response_code(204); // for whoever looks whether somebody is there
        return;
    }
    $body = file_get_contents('php://input');
    $messageId = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    $said = $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '';
    if (!isGenuine((string) getenv('NOTICE_SECRET'), $messageId, $timestamp, $said, $body)) {
        http_response_code(401);
        return;
    }
    // A real shop keeps the ids in its database, with what it did about them.
    $seen = sys_get_temp_dir() . '/notice-' . hash('sha256', $messageId);
    if (!file_exists($seen)) {
        take(json_decode($body, true, flags: JSON_THROW_ON_ERROR));
        touch($seen);
    }
    http_response_code(204);
}

function take(array $notice): void
{
    $data = $notice['data'];
    if ($notice['type'] === 'newsletter.changed') {
        foreach ($data['channels'] as $channel => $said) {
            file_put_contents('php://stdout', "{$data['email']}: $channel is {$said['status']} since {$said['acted_at']}\n");
        }
    } elseif ($notice['type'] === 'tags.changed') {
        $tags = array_map(fn (array $tag): string => "{$tag['name']}={$tag['points']}", $data['tags']);
        file_put_contents('php://stdout', "{$data['email']}: tags " . implode(' ', $tags) . "\n");
    }
}

/** Where the gateway is, and who calls. */
function gateway(): Gateway
{
    return new Gateway(getenv('GATEWAY_URL'), getenv('SHOP'), getenv('GATEWAY_KEY'), (string) getenv('SIGNING_SECRET'));
}

if (PHP_SAPI === 'cli-server') {
    takeRequest();
} elseif (($argv[1] ?? '') === 'day') {
    day(gateway(), (int) ($argv[2] ?? time()));
} elseif (($argv[1] ?? '') === 'basket' && $argc > 2) {
    basket(gateway(), $argv[2], array_slice($argv, 3));
} else {
    fwrite(STDERR, "php shop.php day, php shop.php basket TOKEN, or php -S 127.0.0.1:8090 shop.php\n");
    exit(2);
}
