-- Registrations whose metadata has a given channel, latest first
-- {channel} word = web: app, web, pos, link, api …
-- {rows} integer = 1000: how many at most
-- Null handling on: merchantId may be null and would read 'null'. The JSON index answers JSON_MATCH.
SET enableNullHandling=true;
SELECT eventId, transactionId, registeredAt, transactionType, amount, currency, merchantId
FROM transaction_wallet_registered_rt
WHERE JSON_MATCH(metadata, '"$.channel"=''{channel}''')
ORDER BY registeredAt DESC, eventId
LIMIT {rows}
