-- One transaction's whole story
-- {transaction} id: the transaction's id
-- Null handling on: half of a story is null until its other event comes.
-- A transaction that is not booked yet has no status; it reads as REGISTERED.
SET enableNullHandling=true;
SELECT transactionId, COALESCE(transactionStatus, 'REGISTERED') AS status, transactionType, amount, currency,
       registeredAt, bookedAt,
       COALESCE(processingTimeMs, CAST(bookedAt AS LONG) - CAST(registeredAt AS LONG)) AS processing_time_ms,
       transactionTime, bookingStatus, paymentOrderId, checkoutId, journalEntryId, buyerId, sellerId, merchantId,
       walletMetadata, bookingMetadata
FROM payment_analytics
WHERE transactionId = '{transaction}'
LIMIT 1
