-- Success rate by currency over 24 hours, in percent
-- No null handling: currency, bookingStatus and bookedAt are never null.
-- LIMIT, because Pinot answers ten groups when nothing is said, and there are more currencies.
SELECT currency,
       (SUM(CASE WHEN bookingStatus = 'SUCCESS' THEN 1 ELSE 0 END) * 100.0 / COUNT(*)) as success_rate
FROM transaction_booked_rt
WHERE bookedAt > ago('PT24H')
GROUP BY currency
LIMIT 200
