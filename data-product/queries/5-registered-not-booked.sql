-- Transactions registered but not booked after some minutes, oldest first
-- {minutes} integer = 15: how long a booking may take
-- {rows} integer = 1000: how many at most
-- Null handling on: a missing booking is a null bookedAt.
SET enableNullHandling=true;
SELECT transactionId, registeredAt, transactionType, amount, currency, merchantId, sellerId
FROM payment_analytics
WHERE bookedAt IS NULL AND registeredAt < ago('PT{minutes}M')
ORDER BY registeredAt, transactionId
LIMIT {rows}
